# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors

### expansion
a=hello; echo ${a} ${#a} ${a%lo} ${a#he} ${a%%l*} ${a##*l} ${b:-default} ${b:=set} $b ${a:+alt} ${a:1:3} ${a/l/L} ${a//l/L}; unset b; echo "[${b-unset}]"; (echo ${b:?no value}) 2>&1; echo $?
### arithmetic
echo $((1 + 2 * 3)) $((7 / 2)) $((-7 % 3)) $((1 << 10)) $((0xff & 0x0f)) $((5 > 3 ? 10 : 20)) $((010)); x=5; echo $((x++ + ++x)) $x; echo $((x = 3, x * 2)); let 'y = 4 * 5'; echo $y; echo $((9223372036854775807 + 1)); (echo $((1 / 0))) 2>&1; echo $?
### quoting
a='x  y'; echo $a "$a" '$a' \$a "a\"b" 'it'\''s'; echo "a\\b" a\ b; set -- "one two" three; echo $# "$@" "$*"; for i in "$@"; do echo "<$i>"; done; for i in $@; do echo "<$i>"; done; IFS=:; echo "$*"; echo $'tab\there'
### here-documents
x=val; cat <<EOT
x is $x and $((1 + 1)) and $(echo sub)
EOT
cat <<'EOT'
raw $x
EOT
cat <<-EOT
	tabs stripped
	EOT
cat <<A; cat <<B
first
A
second
B
while read l; do echo "got $l"; done <<EOT
1
2
EOT
### here-document-large
cat <<EOT | wc
$(seq 1 20000)
EOT
### redirections
echo out > f; echo more >> f; cat < f; { echo o; echo e >&2; } > o 2> e; cat o e; { echo both; echo two >&2; } > b 2>&1; cat b; exec 3> third; echo to3 >&3; exec 3>&-; cat third; exec 4< f; read l <&4; echo $l; read l <&4; echo $l; exec 4<&-; echo x 2>/dev/null >&2; : > empty; wc -c empty; echo noclobber > f; set -C; (echo y > f) 2>&1; echo $?; echo z >| f; cat f
### redirection-errors
(cat < missing) 2>&1; echo $?; (echo x > /nonexistent/f) 2>&1; echo $?; (echo x >&9) 2>&1; echo $?; mkdir d; (echo x > d) 2>&1; echo $?
### read-write-descriptor
printf 'abcdef' > f; exec 3<> f; dd bs=1 count=2 <&3 2>/dev/null; printf XY >&3; exec 3>&-; echo; cat f; echo; echo hi 1<> f; cat f
### pipes
echo hello | cat | tr a-z A-Z | rev; seq 1 1000 | grep 7 | wc -l; false | true; echo $?; true | false; echo $?; set -o pipefail; false | true; echo $?; ! true; echo $?; { echo a; echo b; } | while read x; do echo "r $x"; done; echo $(echo a | cat; echo b)
### pipe-broken
yes | head -n 1; seq 1 1000000 | head -n 2; (yes; echo "status $?" >&2) 2>&1 | head -n 1 | cat; sh -c 'trap "" PIPE; yes 2>/dev/null; echo $? >&2' 2>&1 | head -n 1
### big-pipe
head -c 3000000 /dev/zero | cat | cat | tr '\0' x | md5sum
### subshells
x=1; (x=2; echo in $x); echo out $x; { x=3; }; echo $x; y=$(x=4; echo $x); echo $x $y; (exit 3); echo $?; (cd /; pwd); [ "$(pwd)" != / ] && echo kept; z=`echo back\`echo nested\``; echo $z
### functions
f() { local v=in; echo "$1 $# $v"; return 4; }; v=out; f a b; echo $? $v; g() { echo g; g() { echo redefined; }; }; g; g; rec() { [ $1 -gt 0 ] && { echo $1; rec $(($1 - 1)); }; }; rec 3; unset -f g; g 2>/dev/null; echo $?
### control-flow
for i in 1 2 3 4 5; do [ $i = 2 ] && continue; [ $i = 4 ] && break; echo $i; done; i=0; until [ $i -ge 3 ]; do echo u$i; i=$((i + 1)); done; case abc in a*) echo star;; esac; case x in y) echo y;; *) echo other;; esac; case 5 in [0-9]) echo digit;; esac; case ab in a|ab) echo alt;; esac; if false; then echo no; elif true; then echo elif; else echo no; fi; while :; do while :; do break 2; done; done; echo done
### test-operators
[ 1 -lt 2 ] && echo lt; [ a = a ] && echo eq; [ a != b ] && echo ne; [ -z "" ] && echo z; [ -n x ] && echo n; [ ! -e missing ] && echo missing; touch f; [ -f f ] && echo file; [ -d . ] && echo dir; [ -s f ] || echo empty; ln -s f l; [ -L l ] && echo link; [ -r f -a -w f ] && echo rw; [ 1 -eq 1 -o 1 -eq 2 ] && echo or; test -x /bin/busybox && echo x; [[ abc == a* ]] && echo glob; [[ abc =~ ^a.c$ ]] && echo regex; touch -d 2020-01-01 old; [ f -nt old ] && echo newer; [ old -ot f ] && echo older; [ f -ef l ] && echo same; [ -p f ]; echo $?; [ -t 0 ]; echo $?; [ 2>/dev/null; echo $?
### globbing
touch a1 a2 b1 .hidden 'sp ace'; echo *; echo a*; echo [ab]1; echo ?1; echo [!a]*; echo .h*; echo nomatch*; echo "*"; set -f; echo *; set +f; mkdir -p d/e; touch d/x d/e/y; echo d/*; echo */*; echo d/*/y
### traps
sh -c 'trap "echo bye" EXIT; echo hi'; sh -c 'trap "echo int; exit 5" INT; kill -INT $$; echo not'; echo $?; sh -c 'trap "echo term" TERM; kill $$; echo after'; sh -c 'trap "" TERM; kill $$; echo ignored'; sh -c 'trap "echo usr1" USR1; kill -USR1 $$; kill -USR1 $$; trap - USR1; kill -USR1 $$; echo no'; echo $?; trap 'echo e1' EXIT; trap; trap - EXIT
### trap-interrupts-wait
sh -c 'trap "echo got" USR1; (sleep 0.3; kill -USR1 $$) & wait $!; echo "status $?"; wait; echo end'
### trap-in-subshell
trap 'echo parent exit' EXIT; (echo in child); (trap 'echo child exit' EXIT; true); trap - EXIT; echo end
### background-jobs
sleep 0.2 & p=$!; wait $p; echo $?; (exit 7) & wait $!; echo $?; (sleep 0.1; echo late) & echo early; wait; for i in 1 2 3; do (sleep 0.$((i * 3)); echo $i) & done; wait; wait 99999; echo $?
### kill-and-status
sleep 100 & p=$!; kill $p; wait $p; echo $?; sleep 100 & p=$!; kill -9 $p; wait $p; echo $?; sleep 100 & p=$!; kill -HUP $p; wait $p; echo $?; sh -c 'kill -ABRT $$'; echo $?; sh -c 'kill -SEGV $$'; echo $?; kill -0 $$; echo $?; kill -0 99999 2>/dev/null; echo $?; kill -l 9; kill -l TERM; kill -l 130
### stop-and-continue
sh -c 'echo start; kill -STOP $$; echo continued' & p=$!; sleep 0.3; awk '{ print $3 }' /proc/$p/stat; kill -CONT $p; wait $p; echo $?
### parallel-output-order
for i in 1 2 3 4 5 6 7 8; do (echo $i; echo $i) > o$i & done; wait; cat o1 o2 o3 o4 o5 o6 o7 o8 | tr '\n' ' '; echo
### many-processes
i=0; while [ $i -lt 150 ]; do (exit $((i % 4))) & i=$((i + 1)); done; wait; echo all; i=0; while [ $i -lt 100 ]; do /bin/busybox true || echo failed; i=$((i + 1)); done; echo $i
### deep-fork
f() { if [ $1 -gt 0 ]; then (f $(($1 - 1))); else echo bottom; fi; }; f 30
### exec
sh -c 'exec echo replaced; echo no'; sh -c 'exec > f; echo in file'; cat f; sh -c 'exec /nonexistent' 2>/dev/null; echo $?; (exec false); echo $?
### exit-codes
sh -c 'exit 300'; echo $?; nosuchcommand 2>/dev/null; echo $?; touch nox; ./nox 2>/dev/null; echo $?; mkdir d; ./d 2>/dev/null; echo $?; sh -c 'exit'; echo $?; true && false || echo chain; ( : ); echo $?
### scripts-and-interpreters
printf '#!/bin/sh\necho "script $0 $1"\n' > s; chmod +x s; ./s arg; printf '#!/bin/awk -f\nBEGIN { print "awk script" }\n' > a; chmod +x a; ./a; printf 'echo no interpreter $1\n' > n; chmod +x n; ./n x; printf '#!/nonexistent\n' > b; chmod +x b; ./b 2>/dev/null; echo $?; printf '#!/bin/busybox cat\nline\n' > c; chmod +x c; ./c
### environment
A=1 sh -c 'echo $A'; echo "[$A]"; export B=2; sh -c 'echo $B'; env -i C=3 /bin/busybox env; env -u B sh -c 'echo "[$B]"'; B=x env | grep '^B='; unset B; env | grep -c '^B='; export -p | grep -c PATH; readonly R=1; (R=2) 2>/dev/null; echo $?
### large-environment-and-arguments
x=$(seq 1 5000 | tr '\n' ' '); set -- $x; echo $#; V="$x" sh -c 'echo ${#V}'; /bin/busybox echo $x | md5sum; seq 1 20000 | xargs /bin/busybox echo | wc -l
### argument-list-too-long
x=$(head -c 140000 /dev/zero | tr '\0' a); /bin/busybox echo "$x" > /dev/null 2>&1; echo $?
### read-builtin
printf 'a b c\nd\\e\nlast' > f; { read x y; echo "$x|$y"; read -r z; echo "$z"; read w; echo "$? $w"; read v; echo $?; } < f; echo 'x:y:z' | { IFS=: read a b; echo "$a $b"; }; printf 'ab' | { read -n 1 c; echo $c; }; printf 'long\n' | { read -t 1 q; echo $q; }; sleep 2 | { read -t 0.2 q; echo $?; }
### set-options
sh -ec 'false; echo no'; echo $?; sh -uc 'echo $undefined' 2>/dev/null; echo $?; sh -xc 'echo traced' 2>&1; sh -nc 'echo never'; set -- a b c; shift; echo $1 $#; shift 2; echo $#; set -- -x; echo $1; sh -c 'echo $0 $1' zero one; echo "$-" | tr -d i
### getopts
f() { OPTIND=1; while getopts ab:c o; do echo "$o ${OPTARG-}"; done; shift $((OPTIND - 1)); echo "rest $*"; }; f -a -b val -c x y; f -abval; f -z 2>&1; f -b 2>&1
### eval-and-aliases
c='echo evaluated $((1+1))'; eval "$c"; eval 'x=5; y=$((x * 2))'; echo $y; n=x; eval "echo \$$n"; alias hi='echo aliased'; eval 'hi there'; unalias hi; type echo; command -v cat > /dev/null; echo $?; command echo plain
### printf-loop-and-ulimit
ulimit -n 50; ulimit -n; sh -c 'ulimit -n'; (ulimit -n 10; exec 9> f; echo nine >&9; exec 9>&-; cat f); ulimit -c; umask 027; umask; touch f2; stat -c %a f2; umask -S; mkdir d; stat -c %a d; umask u=rwx,g=,o=; umask
### descriptor-exhaustion
ulimit -n 20; i=3; while [ $i -lt 40 ]; do eval "exec $i> f$i" 2>/dev/null || break; i=$((i + 1)); done; echo $i
### process-substitution-by-fifo
mkfifo p; cat p > o & echo through fifo > p; wait; cat o; (seq 1 3 > p) & while read x; do echo $x; done < p; mkfifo -m 600 q; stat -c '%F %a' q; (sleep 0.2; echo a > q) & (read x < q; echo $x); wait
### cd-and-pwd
mkdir -p a/b; ln -s a/b l; cd a/b; basename "$(pwd)"; cd ..; basename "$(pwd)"; cd ../l; basename "$(pwd)"; basename "$(pwd -P)"; cd -P ..; basename "$(pwd)"; cd - > /dev/null; basename "$(pwd)"; cd nonexistent 2>&1; echo $?; cd; pwd; cd /tmp/../tmp/./; pwd
### removed-working-directory
mkdir d; cd d; rmdir ../d; ls; echo $?; touch f 2>&1; echo $?; cd ..; echo back
### time-and-timeout
timeout 1 sleep 10; echo $?; timeout 5 echo quick; timeout -s KILL 1 sleep 10; echo $?; timeout 1 sh -c 'trap "" TERM; sleep 2; echo survived'; time -f '%x' sh -c 'exit 3' 2>&1; echo $?; usleep 1000; echo slept
### setsid-and-sessions
setsid sh -c 'ps -o pid,sid 2>/dev/null > /dev/null; echo own session'; sh -c 'set -m; sleep 0.1 & wait; echo monitored' 2>/dev/null; setsid -c true 2>/dev/null; echo done
### nested-quotes-command-substitution
echo "$(echo "a $(echo "b c")")"; x=$(printf 'line1\nline2\n\n'); echo "$x" | wc -l; echo "$(cat <<EOT
in heredoc
EOT
)"; y=$(seq 1 100000); echo ${#y}
### cttyhack-nohup-like
sh -c 'trap "" HUP; kill -HUP $$; echo still here'; (trap '' INT; sh -c 'kill -INT $$; echo inherited ignore')
### orphan-is-reparented
sh -c '(sleep 0.3; awk "{ print \$4 }" /proc/self/stat > parent; sh -c "echo \$PPID" > ppid) & exit 0'; sleep 1; cat ppid | grep -c .
### wait-any-order
(sleep 0.3; exit 3) & a=$!; (sleep 0.1; exit 1) & b=$!; wait $b; echo $?; wait $a; echo $?; jobs
### shell-error-syntax
sh -c 'if then' 2>/dev/null; echo $?; sh -c 'echo "unterminated' 2>/dev/null; echo $?; sh nosuchfile 2>/dev/null; echo $?; sh -c '((' 2>/dev/null; echo $?
### long-pipeline
s=cat; i=0; while [ $i -lt 40 ]; do s="$s | cat"; i=$((i + 1)); done; seq 1 1000 | eval "$s" | md5sum
### conditional-script-primes
n=2; while [ $n -lt 120 ]; do d=2; p=1; while [ $((d * d)) -le $n ]; do [ $((n % d)) -eq 0 ] && { p=0; break; }; d=$((d + 1)); done; [ $p = 1 ] && printf '%d ' $n; n=$((n + 1)); done; echo
