# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors

### awk-fields
seq 1 20 | awk '{ s += $1; q[$1 % 3] += $1 } END { print s; for (i = 0; i < 3; i++) print i, q[i] }'
printf 'a:b:c\nd:e:f\n' | awk -F: -v OFS=- '{ $2 = "X"; print; print NF, NR }'
### awk-strings
awk 'BEGIN { s = "hello world"; print length(s), substr(s, 3, 4), index(s, "wor"), toupper(s)
  gsub(/o/, "0", s); print s; n = split("a,b,c", p, ","); print n, p[1], p[3]
  printf "%5.2f|%-6s|%06d|%x|%c\n", 3.14159, "ab", 42, 255, 65; print match("foobar", /o+/), RSTART, RLENGTH }'
### awk-control
awk 'function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) } BEGIN { for (i = 0; i < 15; i++) printf "%d ", fib(i); print ""
  while (("echo one; echo two" | getline line) > 0) print "got", line; exit 3 }'
echo $?
### awk-getline-files
seq 1 5 > a; seq 11 15 > b
awk 'NR == FNR { first[FNR] = $1; next } { print first[FNR] * $1 > "product" } END { close("product"); while ((getline l < "product") > 0) print l }' a b
### basename-dirname
basename /a/b/c.txt; basename /a/b/c.txt .txt; basename c; basename /; dirname /a/b/c; dirname c; dirname /; dirname a/b/
### base64
printf 'any carnal pleasure.' | base64; seq 1 40 | base64 | base64 -d | cksum 2>&1 | head -c 0
printf '\000\001\377' | base64; echo 'AAH/' | base64 -d | od -An -tx1
### bc
echo '2^100; scale=10; 1/7; sqrt(2); 10 % 3; ibase=16; FF' | bc
printf 'define f(n) { if (n <= 1) return 1; return n * f(n-1); }\nf(30)\n' | bc
### dc
echo '2 100 ^ p 3 4 + p 10 k 1 3 / p' | dc
### cal
cal 2 2024; cal 9 1752; cal -m 3 2026
### cat-options
printf 'a\n\n\nb\tc\n' > f; cat -n f; cat -A f; cat -s f 2>/dev/null; echo x | cat f - f; cat f missing; echo $?
### comm-like-uniq
printf 'a\na\nb\nc\nc\nc\n' > f; uniq f; uniq -c f; uniq -d f; uniq -u f; printf 'A 1\nb 1\nc 2\n' | uniq -f 1; printf 'ab1\nab2\n' | uniq -w 2
### cut
printf 'one:two:three\nfour:five:six\nnofield\n' > f; cut -d: -f2 f; cut -d: -f1,3 f; cut -d: -s -f2- f; cut -c2-4 f; cut -b1,3 f
### cmp
printf abc > a; printf abd > b; cmp a b; echo $?; cmp a a; echo $?; cmp -s a b; echo $?; cmp -l a b; printf ab > c; cmp a c 2>&1; echo $?
### crc32
printf 123456789 > f; crc32 f; seq 1 1000 | crc32
### diff
seq 1 10 > a; sed 's/5/five/;7d' a > b; echo 11 >> b; diff a b; echo $?; diff -u a b | tail -n +3; diff -q a b; diff a a; echo $?
### diff-directories
mkdir x y; echo 1 > x/same; echo 1 > y/same; echo 2 > x/changed; echo 3 > y/changed; echo 4 > x/only; diff -r x y; echo $?
### patch
seq 1 10 > a; seq 1 10 | sed 's/5/five/;7d' > b; diff -u a b > p; patch a < p; cat a; patch -R a < p; cat a; seq 1 3 > a; patch a < p > /dev/null 2>&1; echo $?
### dos2unix
printf 'a\nb\n' > f; unix2dos f; od -An -c f; dos2unix f; od -An -c f; printf 'x\r\n' | dos2unix | od -An -c
### echo-printf
echo -n a; echo -e 'b\tc\n\0101'; echo -E 'x\ny'; printf '%s-%5d-%-5s|%05.1f|%x|%o|%c|%%|%b\n' str 42 ab 2.55 255 8 zed 'q\tr'
printf '%d %d\n' 1 2 3; printf '%s\n' a b c; printf '%d\n' abc; echo $?
### expand
printf 'a\tb\tc\n' | expand; printf 'a\tb\n' | expand -t 4; printf '        x       y\n' | unexpand; printf '    x   y\n' | unexpand -a -t 4
### expr
expr 3 + 4 \* 2; expr length hello; expr substr hello 2 3; expr index hello l; expr abc : 'a\(.\)c'; expr 5 \> 3; expr 0; echo $?; expr a; echo $?; expr 1 / 0 2>&1; echo $?
### factor
factor 1 2 97 360 1234567890 18446744073709551615 1000000007
### fold
printf 'the quick brown fox jumps over the lazy dog\n' | fold -w 10; printf 'the quick brown fox\n' | fold -s -w 10; printf 'ab\tcd' | fold -w 9
### grep
seq 1 30 > f; grep 1 f | wc -l; grep -c 2 f; grep -n '^3' f; grep -v '[0-9][0-9]' f; grep -x 7 f; grep -E '^(1|2)5$' f; grep -q 99 f; echo $?; grep -o '[12]' f | uniq -c
printf 'Foo\nfoo bar\n' > g; grep -i foo g; grep -w bar g; grep -l foo f g; grep -L foo f g; grep -H foo g; grep -A1 -B1 15 f; grep -m 2 1 f; grep x missing 2>&1; echo $?
### grep-recursive
mkdir -p d/e; echo needle > d/a; echo hay > d/b; echo needle2 > d/e/c; grep -r needle d | sort; grep -rl needle d | sort; printf 'nee\nhay\n' > pats; cat d/a d/b | grep -f pats; egrep 'a|b' d/b; fgrep 'e' d/a
### head-tail
seq 1 100 > f; head -n 3 f; head -c 5 f; head -n -97 f; tail -n 3 f; tail -n +98 f; tail -c 7 f; head -n 1 f f; seq 1 5 | tail -n 2; head -q -n1 f f
### hexdump
printf 'hello world, this is hex\n\000\377' > f; hexdump f; hexdump -C f; hexdump -v -e '4/1 "%02x " "\n"' f; hexdump -n 4 -s 2 -C f
### od
printf 'hello\n\001\377' > f; od f; od -c f; od -An -tx1 f; od -An -td2 f; od -j 2 -N 3 -c f; od -Ax -tx4 f
### xxd
printf 'hello world 1234567890' > f; xxd f; xxd -p f; xxd -p f | xxd -r -p; echo; xxd -s 3 -l 5 f
### md5-sha
seq 1 1000 > f; md5sum f; sha1sum f; sha256sum f; sha512sum f; sha3sum f; sha256sum f > s; sha256sum -c s; echo x >> f; sha256sum -c s 2>/dev/null; echo $?
md5sum < /dev/null; printf abc | sha1sum
### nl
printf 'a\n\nb\nc\n' | nl; printf 'a\n\nb\n' | nl -b a; printf 'a\nb\n' | nl -w 3 -s ': ' -v 10 -i 5
### paste
seq 1 3 > a; printf 'x\ny\nz\nw\n' > b; paste a b; paste -d, a b; paste -s a b; paste -d '\n' a b; seq 1 6 | paste - - -
### rev-tac
printf 'abc\ndef\n' | rev; seq 1 5 | tac; printf 'no newline' | rev; printf 'a\nb' | tac
### sed
seq 1 10 > f; sed -n 2,4p f; sed '2d;$d' f | head -n 3; sed 's/1/one/' f | head -n 2; sed -n '/3/,/5/p' f; sed '1!G;h;$!d' f | head -n 3; sed -e 1i\\first -e '$a\last' f | sed -n '1p;$p'
printf 'hello world\n' | sed 's/\(h.*o\) \(w.*\)/\2 \1/; y/lo/01/'; printf 'aaa\n' | sed 's/a/b/2'; printf 'aaa\n' | sed 's/a/b/2g'; sed -n '$=' f; sed = f | sed 'N;s/\n/ /' | tail -n 1
### sed-inplace-and-files
seq 1 5 > f; sed -i 's/3/three/' f; cat f; sed -n 'w out' f; cmp f out && echo same; printf 's/1/uno/\n/2/d\n' > script; sed -f script f; sed -E 's/(t)(h)/\2\1/' f; sed '3q' f; sed '2r out' f | wc -l; sed 3q5 f > /dev/null 2>&1; sed -n '2{p;p}' f
### sed-branches
printf 'a\\\nb\nc\n' | sed -e ':a' -e '/\\$/N' -e 's/\\\n//' -e ta; seq 1 6 | sed -n 'N;P;D' | head -n 3; echo abc | sed 's/./&&/g;s/b*/X/2'; seq 1 4 | sed '2c\changed'
### seq
seq 3; seq 2 5; seq 1 2 9; seq -w 8 11; seq -s, 1 5; seq 5 -2 1; seq 0.5 0.25 1.5; seq 3 1; echo $?
### sort
printf 'banana 3\napple 10\ncherry 2\nApple 1\n' > f; sort f; sort -r f; sort -f f; sort -k2 -n f; sort -k2,2nr f; sort -t' ' -k1,1 -s f; printf '3\n1\n2\n3\n' | sort -u; printf '10\n9\n1K\n' | sort -h; printf '1.10\n1.9\n' | sort -V; printf 'b\na\n' > g; sort -o g g; cat g; sort -c f; echo $?; printf 'b\0a\0' | sort -z | tr '\0' ' '
### sort-keys
printf 'x:3:c\ny:1:a\nz:2:b\n' > f; sort -t: -k2 f; sort -t: -k3r f; sort -t: -k2,2n -k1 f; printf 'a  2\nb 10\n' | sort -k2b; printf 'jan\nDec\nfeb\n' | sort -M
### split-like
seq 1 10 | tee a b | wc -l; cmp a b && echo same; echo more | tee -a a > /dev/null; tail -n 1 a
### strings
printf '\000\001hello\000ab\000longer text\377xyz\n' > f; strings f; strings -n 2 f; strings -o f
### tr
echo hello | tr a-y b-z; echo hello | tr -d l; echo aabbcc | tr -s a-c; echo 'Hello World' | tr '[:upper:]' '[:lower:]'; echo abc123 | tr -cd '[:digit:]'; echo; echo 'a b' | tr ' ' '\n'; printf '\001\002' | tr '\001\002' AB; echo hello | tr -c 'a-z\n' X; echo abc | tr 'a-c' 'x'
### truncate-lines
seq 1 3 > f; truncate -s 3 f; od -An -c f; truncate -s +3 f; od -An -c f; truncate -s 0 f; wc -c f; truncate -s 1M f; stat -c %s f; truncate -c -s 5 absent; ls
### uudecode
seq 1 50 > f; uuencode f name > u; head -n 2 u; uudecode -o g u; cmp f g && echo same; uuencode -m f name | uudecode -o - | cmp - f && echo base64
### wc
printf 'one two\nthree\n' > f; wc f; wc -l f; wc -w f; wc -c f; wc -L f; wc f f; wc < f; printf 'no newline' | wc -l
### xargs
seq 1 10 | xargs echo; seq 1 5 | xargs -n 2 echo; printf 'a b\0c d\0' | xargs -0 -n 1 echo; seq 1 3 | xargs -I{} echo '<{}>'; echo | xargs -r echo never; seq 1 3 | xargs -t echo 2>&1; echo "a 'b c' d" | xargs -n 1 echo; seq 1 3 | xargs sh -c 'exit 5'; echo $?; seq 1 4 | xargs -n1 -P1 echo
### yes
yes | head -n 3; yes a b | head -n 2; yes | head -c 1000000 | wc -c
### shuf
seq 1 100 | shuf | sort -n | cksum 2>/dev/null; seq 1 100 | shuf | sort -n | md5sum; shuf -i 1-20 | wc -l; shuf -n 3 -i 5-9 | wc -l; shuf -e a a a
### ascii-and-ts
ascii | head -n 5; echo x | ts '' | wc -l
### ipcalc
ipcalc -b -m -n -p 192.168.1.77/26; ipcalc -n 10.1.2.3 255.255.0.0; echo $?
### getopt
getopt -o ab:c -l long,value: -- -a -b x --long rest --value=7 y; getopt ab: -z 2>&1; echo $?
### mkpasswd
mkpasswd -m md5 -S 12345678 secret; mkpasswd -m sha512 -S saltsalt secret; echo secret | mkpasswd -m sha256 -S abcdefgh -P 0; mkpasswd -m des -S ab secret
### cut-paste-join-pipeline
seq 1 50 | awk '{ print $1, $1 * $1 }' > t; cut -d' ' -f2 t | paste -d: - t | sort -t: -k1,1nr | head -n 4 | tr ':' '\t'
### word-frequency
for w in the cat sat on the mat the cat ran; do echo $w; done | sort | uniq -c | sort -k1,1nr -k2 | awk '{ print $2 "=" $1 }'
### httpd-coding
httpd -e '<a href="x">b</a>'; httpd -d 'a%20b%2Fc+d'; echo
### ed
printf 'a\none\ntwo\nthree\n.\n2s/two/2/\n1,3p\nw f\nq\n' | ed 2>&1; cat f; printf '1d\n$a\nend\n.\nwq\n' | ed f; cat f; printf '/2/p\nn\nq\n' | ed f
### vi-batch
seq 1 10 > f; vi -c ':3d' -c ':%s/1/one/g' -c ':wq' f < /dev/null > /dev/null 2>&1; cat f
printf ':1\ndd:$\nonew line\033:w g\n:q!\n' | TERM=vt100 vi f > /dev/null 2>&1; cat g
### vi-keys
printf 'alpha beta gamma\nsecond\n' > f; printf 'wdwA end\033yyp:x\n' | TERM=vt100 vi f > /dev/null 2>&1; cat f
### more-less-noterm
seq 1 5 > f; more f; less f | head -n 2
### clear-reset
TERM=vt100 clear | od -An -c; TERM=vt100 reset 2>/dev/null | od -An -c | head -n 1
### sum-of-columns-printf-loop
i=0; while [ $i -lt 200 ]; do printf '%03d %s\n' $i $((i * i % 97)); i=$((i + 1)); done | awk '{ s += $2 } END { print NR, s }'
### rpm2cpio-and-dpkg-errors
echo junk > f; rpm2cpio f > /dev/null 2>&1; echo $?; dpkg-deb -c f > /dev/null 2>&1; echo $?; rpm -qip f > /dev/null 2>&1; echo $?
