// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "tests/guest/guest_test.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"

static unsigned passed, failed;

void guest_test_begin(void)
{
    sys_log_use_kernel(startup_handle("kernel_log"), startup_page()->name);
}

bool guest_test_check(bool ok, const char *what, const char *file, int line)
{
    if (ok)
        passed++;
    else
        failed++;
    if (!ok)
        log_error("FAIL %s:%d: %s", file, line, what);
    return ok;
}

bool guest_test_equal(long long is, long long wanted, const char *what, const char *file, int line)
{
    if (is == wanted) {
        passed++;
        return true;
    }
    failed++;
    log_error("FAIL %s:%d: %s is %lld, not %lld", file, line, what, is, wanted);
    return false;
}

void guest_test_end(void)
{
    log_info("%u passed, %u failed", passed, failed);
    (void)sys_machine_control(startup_handle("machine"), MACHINE_EXIT,
                              failed ? GUEST_TEST_FAILED : GUEST_TEST_PASSED);
    sys_panic("no debug exit device");
}
