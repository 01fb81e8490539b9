# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors

### sort-ten-megabytes
b=${SAMPLE:-/bin}/busybox; cat $b $b $b $b $b | base64 | head -c 10000000 > f; wc f; sort f | md5sum; sort -r -u f > g; wc -l g; head -n 2 g
### big-file-integrity
seq 1 1500000 > f; wc f; md5sum f; cp f g; cmp f g && echo same; tail -n 1 g; dd if=f bs=64k 2>/dev/null | sha1sum; split_at=5000000; head -c $split_at f > a; tail -c +$((split_at + 1)) f > b; cat a b | cmp - f && echo joined
### gzip-large
seq 1 400000 | gzip | tee c | gunzip | md5sum; gunzip -c c | tail -n 1; bzip2 < c | bunzip2 | cmp - c && echo same
### sed-awk-large
seq 1 200000 | sed -e 's/7/seven/g' -e '/3/d' | awk '{ n += length($0) } END { print NR, n }'; seq 1 200000 | grep -c 99; seq 1 200000 | tail -n 1; seq 1 100000 | tac | head -n 1
### recursive-tree
i=0; while [ $i -lt 40 ]; do mkdir -p t/d$i/e; echo $i > t/d$i/f; echo $i > t/d$i/e/g; i=$((i + 1)); done; find t -type f | wc -l; cp -a t u; diff -r t u && echo same; tar cf - u | tar tf - | wc -l; find u -name g -exec cat {} + | sort -n | md5sum; rm -r t u; ls
### hash-of-busybox
cd ${SAMPLE:-/bin}; sha256sum busybox; sha512sum busybox; wc -c busybox; cmp busybox busybox && echo same; strings busybox | md5sum; gzip -c busybox | gunzip | sha256sum
### fork-storm
i=0; while [ $i -lt 400 ]; do x=$(echo $i); i=$((i + 1)); done; echo $x; seq 1 200 | xargs -n 1 /bin/busybox echo | md5sum
### parallel-pipelines
for i in 1 2 3 4; do seq 1 50000 | awk -v i=$i '{ s += $1 * i } END { print s }' > o$i & done; wait; cat o1 o2 o3 o4
