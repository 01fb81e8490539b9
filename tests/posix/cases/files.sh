# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors

### cp
echo one > a; cp a b; cat b; mkdir d; cp a b d; ls d; cp -r d e; ls e; cp missing x 2>&1; echo $?; cp a nodir/x 2>&1; echo $?; cp a a 2>&1; echo $?; cp d f 2>&1; echo $?; chmod 640 a; touch -d '2020-02-02 02:02:02' a; cp -p a p; stat -c '%a %Y' p; ln -s a l; cp l copy; [ -L copy ] || echo followed; cp -d l copy2; readlink copy2; cp -l a hard; stat -c %h a
### cp-recursive-tree
mkdir -p s/x/y; for i in 1 2 3; do echo $i > s/f$i; echo $i > s/x/y/g$i; done; ln -s f1 s/l; chmod 700 s/x; cp -a s t; find t | sort; diff -r s t && echo same; stat -c %a t/x; readlink t/l; cp -u s/f1 t/f1; echo $?
### mv
echo 1 > a; mv a b; ls; echo 2 > c; mv b c; cat c; mkdir d; mv c d; ls d; mv d e; ls e; mv missing x 2>&1; echo $?; mkdir f; mv e f; find f; echo x > y; echo z > w; mv -n y w; cat w; mv y w; cat w; mkdir m n; touch n/k; mv m n; ls n; mkdir -p a1/b1 c1/b1; touch c1/b1/full; mv a1/b1 c1 2>/dev/null; echo $?
### mv-over-open-file
echo old > f; exec 3< f; echo new > g; mv g f; cat f; cat <&3; exec 3<&-; rm f; ls
### rm
touch a b c; rm a; ls; rm missing 2>&1; echo $?; rm -f missing; echo $?; mkdir -p d/e; touch d/e/f; rm d 2>&1; echo $?; rm -r d; ls; rmdir b 2>&1; echo $?; mkdir x; touch x/y; rmdir x 2>&1; echo $?; rm -rf x missing; ls; mkdir -p p/q/r; rmdir -p p/q/r; ls
### unlink-open-file
exec 3<> f; echo content >&3; rm f; ls; cat /proc/self/fd/3; exec 3>&-; echo closed
### link
echo x > a; ln a b; stat -c '%h' a b; echo y >> b; cat a; rm a; cat b; stat -c %h b; link b c; stat -c %h c; ln missing z 2>&1; echo $?; mkdir d; ln d dd 2>/dev/null; echo $?; unlink c; ls; ln b d; ls d; ln -f b d; echo $?
### symlink
echo data > f; ln -s f l; cat l; readlink l; ls -l l | awk '{ print $1, $NF }'; ln -s missing dangling; cat dangling 2>&1; [ -e dangling ] || echo dangling; ln -s loop loop; cat loop 2>&1; echo $?; mkdir d; ln -s ../f d/up; cat d/up; ln -s d dl; ls dl/; echo new > dl/n; cat d/n; rm l; cat f; ln -sf d/n l2; ln -sfn f dl; readlink dl; stat -c '%F %s' l2
### symlink-chain
echo end > 0; i=0; while [ $i -lt 45 ]; do ln -s $i $((i + 1)); i=$((i + 1)); done; cat 40; cat 41 2>&1; echo $?; realpath 5 | xargs basename; readlink -f 7 | xargs basename
### realpath
mkdir -p a/b; ln -s a/b l; (cd l && realpath . | grep -o 'a/b$'); realpath /bin/../etc/./passwd; realpath missing/x 2>&1; echo $?; readlink f; echo $?; readlink -f /etc/../etc/hostname
### mkdir
mkdir a; mkdir a 2>&1; echo $?; mkdir -p a/b/c a; mkdir x/y 2>&1; echo $?; mkdir -m 711 m; stat -c '%a %F' m; mkdir -p -m 700 p/q; stat -c %a p p/q; find . | sort; echo f > f; mkdir f/g 2>&1; echo $?
### chmod
touch f; chmod 644 f; stat -c '%a %A' f; chmod u+x,g-r,o=w f; stat -c '%a %A' f; chmod a=r f; stat -c %A f; chmod 4755 f; stat -c '%a %A' f; chmod g+s,+t f; stat -c '%a %A' f; mkdir d; chmod 1777 d; stat -c '%a %A' d; touch d/x; chmod -R go-rwx d; stat -c %a d d/x; chmod 0 f; stat -c %a f; chmod +x missing 2>&1; echo $?; chmod --reference=d f 2>/dev/null; ls -ld f | cut -c1-10
### chown
touch f; chown 1000:1000 f; stat -c '%u %g %U %G' f; chown user f; chgrp nogroup f; stat -c '%U %G' f; chown -R 0:0 .; stat -c '%U' f; chown nosuchuser f 2>&1; echo $?; chmod 6755 f; chown 5 f; stat -c %a f; ln -s f l; chown -h 7 l; stat -c %u l f
### touch
touch a; ls; touch -d '2021-05-06 07:08:09' a; stat -c '%Y %y' a; touch -t 202201020304.05 b; stat -c %Y b; touch -r a c; stat -c %Y c; touch -c absent; ls; date -r a -u +%F; touch -d @86400 e; stat -c %Y e; touch nodir/x 2>&1; echo $?
### stat
printf 12345 > f; chmod 600 f; stat -c '%s %a %h %F %u %g %n' f; stat -c '%F' . /dev/null; ln -s f l; stat -c '%F %N' l; stat -L -c '%F %s' l; mkfifo p; stat -c '%F' p; stat missing 2>&1; echo $?; : > e; stat -c '%F' e; stat -t f | wc -w; stat -c '%t:%T' /dev/null /dev/zero
### ls
mkdir d; printf aaa > f; printf b > g; touch -d '2020-01-01 00:00:00' f g d; chmod 755 d; chmod 644 f g; ln -s f l; touch .h; ls; ls -a; ls -A; ls -1F; ls -l f g; ls -ld d | cut -c1-10; ls -S f g; ls -r; ls -R | head -n 5; ls -p; ls missing 2>&1; echo $?; ls -n f; ls -lh f; ls -C f g l; ls -x f g; touch -d '2021-01-01' g; ls -t f g; ls -lt --full-time f
### find
mkdir -p a/b c; touch a/1.txt a/b/2.txt c/3.log; printf 123456 > c/big; ln -s a/1.txt l; find . | sort; find . -name '*.txt' | sort; find . -type d | sort; find . -type l; find . -maxdepth 1 | sort; find . -mindepth 2 -type f | sort; find . -size +5c -type f; find . -path './a/*' | sort; find . -name '*.log' -exec echo found {} \;; find . -type f -exec echo {} + | wc -l; find a -name 1.txt -o -name 2.txt | sort; find . ! -name '*.txt' -type f | sort; find . -empty | sort; find missing 2>&1; echo $?
### find-more
mkdir d; touch d/a d/b; chmod 600 d/a; chmod 755 d/b; touch -d '2001-01-01' d/a; find d -perm 600; find d -perm -100 -type f; find d -newer d/a -type f; find d -mtime +100; find d -type f -delete; ls d; mkdir -p x/y/z; find x -depth; find x -prune; find x -name y -prune -o -print; find x -regex '.*z'; touch x/'sp ace'; find x -name 'sp*' -print0 | xargs -0 ls; find x -user root | sort; find x -links 2 -type d | sort
### du
mkdir d; head -c 8192 /dev/zero > d/f; head -c 1 /dev/zero > d/g; du -k d/f d/g; du -a d | cut -f2 | sort; du -s d | cut -f2; du -b d/f 2>/dev/null
### dd
printf 'abcdefghij' > f; dd if=f bs=1 skip=2 count=3 2>/dev/null; echo; dd if=f of=g bs=4 2>&1 | head -n 2; cmp f g; dd if=/dev/zero of=h bs=1k count=3 2>/dev/null; wc -c h; printf XX | dd of=f bs=1 seek=3 conv=notrunc 2>/dev/null; cat f; echo; dd if=f bs=3 conv=swab 2>/dev/null; echo; printf abc | dd conv=ucase 2>/dev/null; echo; dd if=/dev/zero of=s bs=1 count=1 seek=1000000 2>/dev/null; stat -c %s s; dd if=f of=o bs=4 conv=sync 2>/dev/null; wc -c o; yes | dd bs=7 count=100 2>/dev/null | wc -c; dd if=f iflag=skip_bytes,count_bytes skip=1 count=2 2>/dev/null; echo; dd if=missing 2>/dev/null; echo $?
### sparse-and-seek
dd if=/dev/zero of=f bs=1 count=0 seek=10M 2>/dev/null; stat -c %s f; printf end | dd of=f bs=1 seek=5000000 conv=notrunc 2>/dev/null; dd if=f bs=1 skip=4999998 count=7 2>/dev/null | od -An -c; md5sum f; truncate -s 5000001 f; tail -c 2 f | od -An -c
### fallocate
fallocate -l 10000 f; stat -c %s f; fallocate -o 5000 -l 10000 f; stat -c %s f; md5sum f
### mktemp
f=$(mktemp ./tXXXXXX); [ -f "$f" ] && stat -c %a "$f"; d=$(mktemp -d ./dXXXXXX); [ -d "$d" ] && stat -c %a "$d"; echo ${#f} ${#d}; mktemp -u ./uXXXXXX | cut -c1-3; mktemp bad 2>/dev/null; echo $?; TMPDIR=. mktemp -t xXXXXXX | wc -c
### tee-and-append
echo 1 | tee f; echo 2 | tee -a f; cat f; echo x | tee /nonexistent/y 2>/dev/null; echo $?; (echo a >> f; echo b >> f) ; tail -n 2 f; i=0; while [ $i -lt 50 ]; do echo line $i >> g & i=$((i+1)); done; wait; wc -l < g; sort g | md5sum
### special-files
echo x > /dev/null; cat /dev/null; head -c 5 /dev/zero | od -An -tx1; head -c 100 /dev/urandom | wc -c; echo full > /dev/full; echo $?; ls -l /dev/null /dev/zero | cut -c1-10; mknod n c 1 3; echo y > n 2>/dev/null; stat -c '%F %t,%T' n; mknod p p; stat -c %F p; cat /dev/stdin < /etc/hostname; sh -c 'echo via > /dev/stderr' 2>&1 | cat; sh -c 'echo out > /dev/stdout' | cat; echo fd | cat /dev/fd/0; ls -l /dev/fd /dev/stdin | awk '{ print $NF }'
### permissions-as-user
mkdir pub; chmod 755 . pub; echo secret > f; chmod 600 f; mkdir priv; chmod 700 priv; touch priv/x; chmod 777 pub; setpriv --reuid=1000 --regid=1000 --clear-groups true 2>/dev/null; chown -R 1000 pub; su user -s /bin/sh -c "cat $PWD/f; echo \$?; ls $PWD/priv; echo \$?; touch $PWD/nope; echo \$?; touch $PWD/pub/mine && stat -c %U $PWD/pub/mine; rm $PWD/f; echo \$?; id -un; whoami; chmod 777 $PWD/f; echo \$?; kill -0 1; echo \$?" 2>/dev/null
### sticky-directory
mkdir t; chmod 1777 . t; touch t/rootfile; su user -s /bin/sh -c "rm -f $PWD/t/rootfile; echo \$?; touch $PWD/t/own; rm $PWD/t/own; echo \$?; mv $PWD/t/rootfile $PWD/t/x; echo \$?" 2>/dev/null; ls t
### setgid-directory
mkdir d; chgrp 1000 d; chmod 2775 d; touch d/f; mkdir d/e; stat -c '%g %a' d/f d/e
### setuid-program
cp /bin/busybox ./bb; chmod 4755 bb; chmod 755 .; su user -s /bin/sh -c "$PWD/bb id -u; $PWD/bb id -ru" 2>&1; chmod 755 bb; su user -s /bin/sh -c "$PWD/bb id -u"
### long-names
n=$(head -c 255 /dev/zero | tr '\0' n); touch $n; ls | wc -c; touch ${n}x 2>&1 | tail -c 20; p=.; i=0; while [ $i -lt 30 ]; do p=$p/directory$i; i=$((i + 1)); done; mkdir -p $p; cd $p && pwd | wc -c | awk '{ print ($1 > 300) }'; l=$(head -c 5000 /dev/zero | tr '\0' l); cat $l 2>&1 | tail -c 20; touch 'a b' "new
line" -- -dash; ls | cat
### many-files
i=0; mkdir d; while [ $i -lt 600 ]; do : > d/file$i; i=$((i + 1)); done; ls d | wc -l; ls d | md5sum; rm d/file1*; ls d | wc -l; find d -name '*7' | sort | head -n 4; rm -r d; ls
### trailing-slashes-and-dots
mkdir d; touch f; ls d/ | wc -l; cat f/ 2>&1; echo $?; ls d/./../d/.; touch d//x; ls d; stat -c %F d/.; rmdir d/. 2>&1; echo $?; rm -f f/ 2>/dev/null; echo $?; mkdir e/; ls; mv f g/ 2>/dev/null; echo $?; ln -s d ld; stat -c %F ld ld/; cat d 2>&1; echo $?; cat '' 2>&1; echo $?
### truncate-while-open
seq 1 1000 > f; exec 3< f; read a <&3; : > f; read b <&3; echo "$a [$b] $?"; exec 3<&-; echo new > f; cat f
### append-mode-shared
exec 3>> f; exec 4>> f; echo a >&3; echo b >&4; echo c >&3; cat f; (echo d; echo e) >> f; tail -n 2 f
### file-times
touch f; sleep 1.1; old=$(stat -c %Y f); echo x >> f; new=$(stat -c %Y f); [ $new -gt $old ] && echo mtime moved; c=$(stat -c %Z f); sleep 1.1; chmod 600 f; [ $(stat -c %Z f) -gt $c ] && echo ctime moved; d=$(stat -c %Y .); sleep 1.1; touch g; [ $(stat -c %Y .) -gt $d ] && echo directory moved
### shred-and-nuke
echo secret > f; shred -n 1 f; wc -c < f; shred -u f; ls; mkdir -p n/m; touch n/m/x; nuke n; ls
### run-parts
mkdir p; for i in 10a 20b; do printf '#!/bin/sh\necho part '$i' $1\n' > p/$i; chmod +x p/$i; done; touch p/30c; run-parts p; run-parts --test p; run-parts -a arg p; printf '#!/bin/sh\nexit 3\n' > p/15x; chmod +x p/15x; run-parts --exit-on-error p 2>/dev/null; echo $?
### freeramdisk-style-errors
losetup nosuchloop missing 2>/dev/null; echo $?; fsfreeze --freeze missing 2>/dev/null; echo $?; blkdiscard missing 2>/dev/null; echo $?; fstrim missing 2>/dev/null; echo $?; blockdev --getsize64 missing 2>/dev/null; echo $?; mountpoint / 2>/dev/null; echo $?; umount missing 2>/dev/null; echo $?; swapon missing 2>/dev/null; echo $?; swapoff missing 2>/dev/null; echo $?; chroot missing true 2>/dev/null; echo $?
### chroot
mkdir -p r/bin r/tmp; cp /bin/busybox r/bin; ln -s busybox r/bin/sh; chroot r /bin/sh -c 'pwd; echo *; cd ..; pwd; echo hi > /tmp/x; /bin/busybox cat /tmp/x'; cat r/tmp/x
### mount-tmpfs
mkdir m; mount -t tmpfs none m && touch m/x && ls m; grep -c " $PWD/m tmpfs " /proc/mounts; umount m; ls m; mount -t tmpfs -o ro none m; touch m/y 2>&1 | grep -o 'Read-only.*'; umount m; mount -t nosuchfs none m 2>/dev/null; echo $?; umount m 2>/dev/null; echo $?
### mount-busy-and-bind
mkdir m; mount -t tmpfs -o size=64k none m; (cd m; umount . 2>/dev/null; echo $?); head -c 200000 /dev/zero > m/big 2>/dev/null; echo $?; stat -c %s m/big; rm m/big; echo ok > m/small; cat m/small; umount m; echo $?
