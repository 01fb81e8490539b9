# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors

### tar
mkdir -p s/d; echo one > s/a; seq 1 100 > s/d/b; ln -s a s/l; ln s/a s/h; chmod 640 s/a; touch -d '2020-01-01 00:00:00' s/a s/d/b; tar cf t.tar s/a s/d/b s/l s/h; tar tf t.tar; mkdir x; tar xf t.tar -C x; find x | sort; cat x/s/a; stat -c '%a %Y %h' x/s/a; readlink x/s/l; cmp s/d/b x/s/d/b && echo same; tar xOf t.tar s/d/b | md5sum
### tar-options
mkdir d; touch d/a.txt d/b.log; tar cf t d/a.txt d/b.log --exclude '*.log' 2>/dev/null; tar tf t; tar cvf u d/a.txt; tar tvf u | awk '{ print $1, $2, $NF }'; tar xvf u -C d --strip-components=1 2>/dev/null; find d | sort; echo d/b.log > list; tar cf v -T list; tar tf v; tar xf missing.tar 2>/dev/null; echo $?; echo junk > j; tar tf j 2>/dev/null; echo $?
### tar-compressed
seq 1 3000 > f; tar czf t.tgz f; tar cjf t.tbz f; mv f orig; tar xzf t.tgz; cmp f orig && echo gz; rm f; tar xjf t.tbz; cmp f orig && echo bz2; rm f; tar xf t.tgz; cmp f orig && echo auto; zcat t.tgz | tar t; bzcat t.tbz | tar t
### tar-pipe-tree
mkdir -p s/1/2/3; for i in 1 2 3 4 5 6 7 8 9; do seq 1 $((i * 50)) > s/1/f$i; seq 1 $i > s/1/2/3/g$i; done; find s -type f | sort > l; tar cf - -T l | (mkdir t; cd t; tar xf -); (cd t; find s -type f | sort | xargs md5sum) | md5sum; diff -r s t/s && echo same
### gzip
seq 1 5000 > f; cp f g; gzip f; ls; gzip -l f.gz | tail -n 1 | awk '{ print $2 }'; gunzip f.gz; cmp f g && echo same; gzip -c f | gzip -d | cmp - g && echo pipe; gzip -1 < f | zcat | md5sum; gzip -9 < f | gunzip | md5sum; gzip -t missing.gz 2>/dev/null; echo $?; echo junk > j.gz; gunzip j.gz 2>/dev/null; echo $?; printf '' | gzip | gunzip | wc -c; gzip -k f; ls; gzip -n -c f | od -An -tx1 -N 4
### gzip-truncated
seq 1 10000 | gzip > f.gz; head -c 500 f.gz > t.gz; gunzip -c t.gz > /dev/null 2>&1; echo $?; gzip -t f.gz; echo $?
### bzip2
seq 1 5000 > f; cp f g; bzip2 f; ls; bzip2 -d f.bz2; cmp f g && echo same; bzip2 -c f | bunzip2 | md5sum; bzip2 < f | bzcat | wc -l; bzip2 -9 -k f; bunzip2 -c f.bz2 | cmp - g && echo ok; echo junk > j.bz2; bunzip2 j.bz2 2>/dev/null; echo $?
### lzop
seq 1 5000 > f; lzop -c f > f.lzo; lzop -d -c f.lzo | cmp - f && echo same; lzop -t f.lzo; echo $?
### xz-and-lzma
printf '/Td6WFoAAATm1rRGBMANByEBFgAAAAAAAAAAAFmOuVXgAAYABTQZSxkEAAAAAAAHHQefhxCPAAEpB3vGKIsftvN9AQAAAAAEWVo=' | base64 -d > f.xz 2>/dev/null; xz -d -c f.xz > /dev/null 2>&1; echo $?; xzcat missing 2>/dev/null; echo $?; unxz -c f.xz > /dev/null 2>&1; echo $?; unlzma -c f.xz > /dev/null 2>&1; echo $?; lzcat f.xz > /dev/null 2>&1; echo $?; lzma -d -c f.xz > /dev/null 2>&1; echo $?; uncompress -c missing.Z 2>/dev/null; echo $?
### cpio
mkdir -p s/d; echo one > s/a; seq 1 50 > s/d/b; ln -s a s/l; find s | sort | cpio -o -H newc > c.cpio 2>/dev/null; cpio -t < c.cpio 2>/dev/null; mkdir x; cd x; cpio -id < ../c.cpio 2>/dev/null; find . | sort; cmp s/d/b ../s/d/b && echo same; readlink s/l; cpio -i --to-stdout s/a < ../c.cpio 2>/dev/null; cd ..; mkdir y; find s | sort | cpio -pd y 2>/dev/null; find y | sort
### ar
echo one > a; echo two > b; ar rc t.a a b 2>/dev/null; echo $?; printf '!<arch>\n%-16s%-12s%-6s%-6s%-8s%-10s`\none\n' a/ 0 0 0 100644 4 > u.a; ar t u.a; ar p u.a; mkdir x; cd x; ar x ../u.a; cat a
### unzip
printf 'UEsDBAoAAAAAAAAAIVAAAAAAAAAAAAAAAAABAAAAYVBLAQIeAwoAAAAAAAAAIVAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAACkgQAAAABhUEsFBgAAAAABAAEALwAAAB8AAAAAAA==' | base64 -d > z.zip; unzip -l z.zip | tail -n 1; unzip -q z.zip; ls; unzip missing.zip 2>/dev/null; echo $?
### dpkg-deb
mkdir -p p/DEBIAN p/usr; printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: n\nDescription: d\n' > p/DEBIAN/control; echo data > p/usr/f; touch -d @0 p/usr/f; (cd p/DEBIAN; tar czf ../../control.tar.gz ./control); (cd p; tar czf ../data.tar.gz ./usr/f); printf '2.0\n' > debian-binary; hdr() { printf '%-16s%-12s%-6s%-6s%-8s%-10s`\n' $1 0 0 0 100644 $(stat -c %s $1); cat $1; [ $(($(stat -c %s $1) % 2)) = 1 ] && echo; }; (printf '!<arch>\n'; hdr debian-binary; hdr control.tar.gz; hdr data.tar.gz) > x.deb; dpkg-deb -c x.deb | awk '{ print $NF }'; dpkg-deb -f x.deb Package; mkdir o; dpkg-deb -x x.deb o; find o | sort; cat o/usr/f
### archive-round-trip-binary
awk 'BEGIN { srand(7); for (i = 0; i < 60000; i++) printf "%c", int(rand() * 255) + 1 }' > f; md5sum < f | cut -c33-; gzip < f | gunzip | cmp - f && bzip2 < f | bunzip2 | cmp - f && base64 < f | base64 -d | cmp - f && xxd -p < f | xxd -r -p | cmp - f && uuencode f f | uudecode -o - | cmp - f && echo all
### filesystem-images
dd if=/dev/zero of=i bs=1k count=2048 2>/dev/null; mke2fs -F i > /dev/null 2>&1; echo $?; od -An -tx2 -j 1080 -N 2 i; dd if=/dev/zero of=m bs=1k count=1024 2>/dev/null; mkdosfs m > /dev/null 2>&1; echo $?; od -An -tx1 -j 510 -N 2 m; mkswap m > /dev/null 2>&1; echo $?; od -An -c -j 4086 -N 10 m
### fdisk-image
dd if=/dev/zero of=d bs=1k count=4096 2>/dev/null; printf 'o\nn\np\n1\n\n\nw\n' | fdisk d > /dev/null 2>&1; od -An -tx1 -j 510 -N 2 d; fdisk -l d 2>/dev/null | tail -n 1 | awk '{ print $1, $NF }'
