# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors

### ps
sleep 50 & p=$!; sleep 0.5; ps -o pid,comm | awk -v p=$p '$1 == p { print $2 }'; ps -o pid,ppid,stat | awk -v p=$p '$1 == p { print ($2 > 0), substr($3, 1, 1) }'; kill $p; wait $p 2>/dev/null; echo $?
### pidof-killall
cp /bin/busybox ./mysleep; ln -s mysleep sleep; ./mysleep sleep 60 & p=$!; sleep 0.3; cat /proc/$p/comm; tr '\0' ' ' < /proc/$p/cmdline; echo; readlink /proc/$p/exe | xargs basename; kill $p; wait $p; echo $?; killall nosuchprocess 2>/dev/null; echo $?; pidof nosuchprocess; echo $?
### killall-by-name
printf '#!/bin/sh\nsleep 60\n' > victim; chmod +x victim; ./victim & p=$!; sleep 0.3; killall victim; wait $p; echo $?; killall sleep 2>/dev/null; true
### proc-self
cat /proc/self/comm; tr '\0' ' ' < /proc/self/cmdline; echo; readlink /proc/self/exe; readlink /proc/self/cwd | xargs basename > n; [ "$(cat n)" = "$(basename $PWD)" ] && echo cwd; ls /proc/self/fd | head -n 3; grep -E '^(Name|State|Uid|Gid|Threads):' /proc/self/status | tr '\t' ' '; head -n 1 /proc/self/maps | awk '{ print substr($2, 1, 2) substr($2, 4), $NF }'; awk '{ print NF }' /proc/self/stat; awk '{ print NF }' /proc/self/statm; cat /proc/self/environ | tr '\0' '\n' | grep -c '^PATH='; grep -c stack /proc/self/maps
### proc-of-a-program-that-was-replaced
exec 3< /proc/self/environ 4< /proc/self/maps; exec sh -c 'wc -c <&3; wc -c <&4; exec 5< /proc/self/environ; [ $(wc -c <&5) -gt 0 ] && echo own'
### proc-system
grep -c MemTotal /proc/meminfo; awk '{ print NF }' /proc/uptime /proc/loadavg; grep -c '^cpu' /proc/stat | awk '{ print ($1 >= 2) }'; grep -q ext4 /proc/filesystems && grep -q tmpfs /proc/filesystems && echo fs; cut -d' ' -f1 /proc/version; cat /proc/sys/kernel/ostype; cat /proc/sys/kernel/hostname; [ $(cat /proc/sys/kernel/pid_max) -gt 1000 ] && echo pid_max; ls -d /proc/1 /proc/self/; [ -r /proc/cpuinfo ] && echo cpuinfo; cat /proc/self/nosuch 2>&1; echo $?; ls /proc/99999 2>&1; echo x > /proc/uptime 2>/dev/null; echo $?
### proc-files-consistent
[ $(free | awk '/^Mem/ { print $2 }') -eq $(awk '/^MemTotal/ { print $2 }' /proc/meminfo) ] && echo memory; uptime | grep -c 'load average'; [ $(nproc) -eq $(grep -c ^processor /proc/cpuinfo) ] && echo processors; a=$(cut -d. -f1 /proc/uptime); sleep 1.1; b=$(cut -d. -f1 /proc/uptime); [ $b -gt $a ] && echo ticking
### identity
id; id -u; id -un; id -G; whoami; groups; id user; id -u user; id nosuch 2>&1; echo $?; logname 2>/dev/null; su user -s /bin/sh -c 'id; groups'; hostname; uname -s; uname -m; uname -n; arch; env | grep -c HOME; tty; echo $?; hostid | wc -c; dnsdomainname; who | wc -l; w | wc -l; users 2>/dev/null; last 2>/dev/null | wc -l
### date
date -u -d '2024-02-29 12:34:56' '+%Y-%m-%d %H:%M:%S %j %U %a %b'; date -u -d @1000000000; TZ=EST5EDT date -d @1700000000 '+%F %T %Z'; date -u -d '2000-01-01' +%s; date -u -I -d @0; date -u -R -d @0; [ $(date +%s) -gt 1600000000 ] && echo now; date -d nonsense 2>/dev/null; echo $?
### renice-and-nice
sleep 20 & p=$!; renice 5 $p > /dev/null; awk '{ print $19 }' /proc/$p/stat; renice -n 3 -p $p > /dev/null; awk '{ print $19 }' /proc/$p/stat; kill $p; nice 2>/dev/null; taskset -p 1 $$ > /dev/null 2>&1; echo $?; taskset 1 echo pinned
### ionice
ionice; ionice -c 2 -n 5 sh -c 'ionice; sh -c ionice'; ionice -c 3 ionice; sleep 20 & p=$!; ionice -c 2 -n 1 -p $p; ionice -p $p; ionice -n 7 -p $p; ionice -p $p; kill $p; ionice -p 99999 2>&1; echo $?
### start-stop-daemon
start-stop-daemon -S -b -m -p pid -x /bin/sleep -- 60; sleep 0.5; [ -s pid ] && kill -0 $(cat pid) && echo running; start-stop-daemon -K -p pid > /dev/null; echo $?; sleep 0.5; kill -0 $(cat pid) 2>/dev/null; echo $?
### watch-and-timeouts
timeout 2 watch -t -n 1 echo tick > o 2>/dev/null; grep -q tick o && echo ticked; timeout 1 tail -f /dev/null; echo $?; (sleep 0.5; echo appended >> f) & touch f; timeout 3 tail -n 1 -f f; cat f
### tail-follow
echo first > f; (sleep 1; echo second >> f; sleep 1; echo third >> f) & timeout 4 tail -f f; wait
### crond-files
printf '* * * * * echo hi\n' > c; crontab -c . c 2>/dev/null; echo $?; crontab -c . -l 2>/dev/null; crontab -c . -r 2>/dev/null; crontab -c . -l 2>/dev/null; echo $?
### sysctl
sysctl -n kernel.ostype; sysctl -n kernel.hostname; sysctl nosuch.key 2>/dev/null; echo $?; sysctl -n kernel.pid_max | grep -c '^[0-9]*$'
### signals-default-actions
for s in HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM TERM XCPU XFSZ VTALRM PROF POLL PWR SYS; do sh -c "kill -$s \$\$" 2>/dev/null; echo $s $?; done; for s in CHLD CONT URG WINCH; do sh -c "kill -$s \$\$; exit 4"; echo $s $?; done
### signal-masks-across-exec
sh -c 'trap "" USR1; exec sh -c "kill -USR1 \$\$; echo survived"'; sh -c 'trap "echo x" USR1; exec sh -c "kill -USR1 \$\$; echo no"'; echo $?; sh -c 'trap "" USR1; exec grep SigIgn /proc/self/status' | sed 's/.*\(.\)..$/\1/'
### process-groups
setsid sh -c 'trap "echo leader" TERM; sh -c "trap \"echo member; exit 0\" TERM; sleep 5 & wait" & sleep 1; kill -TERM 0; wait; echo end' > o 2>/dev/null; echo $?; sort o
### kill-group
setsid sh -c 'sleep 50 & sleep 50 & echo $$ > pgid; wait' & sleep 0.5; kill -TERM -$(cat pgid); wait $!; echo $?; sleep 1; ps -o args | grep -c '[s]leep 50'
### zombies-are-reaped
sh -c 'true & true & true & sleep 0.5; wait'; sleep 1; ps -o stat,comm | grep -c '^Z'; sh -c 'sh -c "sleep 0.2" & exec sleep 0.6'; sleep 1; ps -o stat | grep -c '^Z'
### sleep-precision
a=$(date +%s); sleep 2; b=$(date +%s); d=$((b - a)); [ $d -ge 2 ] && [ $d -le 6 ] && echo slept; sleep 0; sleep 0.01; usleep 1; echo $?; sleep x 2>/dev/null; echo $?
### alarm-time-out-of-read
mkfifo p; timeout 1 cat p; echo $?; timeout 1 sh -c 'read x < p'; echo $?
### umask-and-inheritance
umask 077; sh -c 'umask; touch a; mkdir b; stat -c %a a b'; cd /; sh -c pwd; exec 7> /tmp/inherit.$$; sh -c 'echo inherited >&7'; cat /tmp/inherit.$$; rm /tmp/inherit.$$
### vfork-exec-failure
/bin/busybox env /nonexistent 2>/dev/null; echo $?; xargs /nonexistent < /dev/null 2>/dev/null; echo $?; find . -maxdepth 0 -exec /nonexistent \; 2>/dev/null; echo $?; timeout 1 /nonexistent 2>/dev/null; echo $?; printf 'not an executable' > x; chmod +x x; /bin/busybox env ./x 2>/dev/null; echo $?; head -c 100 /bin/busybox > y; chmod +x y; ./y 2>/dev/null; echo $?; setsid ./missing 2>/dev/null; echo $?
### text-busy
cp /bin/busybox b; ./b sleep 3 & p=$!; sleep 0.5; (echo x > b) 2>&1 | grep -o 'Text file busy'; rm b; ls; kill $p; wait $p; echo $?
### memory-heavy-awk
awk 'BEGIN { for (i = 0; i < 100000; i++) a[i] = i "x"; n = 0; for (k in a) n++; print n, a[99999] }'
### fork-memory-isolation
x=parent; (x=child; echo $x); echo $x; y=$(seq 1 50000); (y=short; echo ${#y}); echo ${#y}
### environment-of-init
sh -c 'echo $PPID' | awk '{ print ($1 > 0) }'; [ -d /proc/1 ] && echo one; kill -0 1; echo $?
### script-interpreter-recursion
printf '#!/bin/sh\n[ $1 -gt 0 ] && exec $0 $(($1 - 1))\necho bottom\n' > r; chmod +x r; ./r 20
### stdin-closed
sh -c 'cat' <&- 2>/dev/null; echo $?; sh -c 'echo x' >&- 2>/dev/null; echo $?; sh -c 'ls /nonexistent' 2>&-; echo $?
### logger-and-dmesg
logger hello 2>/dev/null; echo $?; dmesg > /dev/null; echo $?; dmesg -n 1; echo $?
### ttys
tty; stty 2>/dev/null; echo $?; ttysize 2>/dev/null; mesg 2>/dev/null; ls -l /dev/tty | cut -c1; cat < /dev/tty 2>/dev/null; echo $?; stty -F /dev/null 2>/dev/null; echo $?
### mim-and-svok
printf 'all() { echo building; }\n' > Mimfile; mim 2>/dev/null; echo $?; svok . ; echo $?
### network-free-applets
ifconfig -a > /dev/null 2>&1; netstat > /dev/null 2>&1; nc -w 1 > /dev/null 2>&1; echo $?; nslookup > /dev/null 2>&1; echo $?; ping > /dev/null 2>&1; echo $?; wget > /dev/null 2>&1; echo $?
### bad-options
for a in cat ls cp mv rm head sort tar grep sed awk find wc od cut tr date; do $a --no-such-option > /dev/null 2>&1 < /dev/null; echo $a $?; done
