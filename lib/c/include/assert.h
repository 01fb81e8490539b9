// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// assert: a broken promise of our own code ends the process with last words. Never for what comes
// from outside, and no work inside it.

// No include guard: assert follows NDEBUG at each inclusion, as ISO C says.
#undef assert
#ifdef NDEBUG
#define assert(condition) ((void)0)
#else
#define assert(condition) \
    ((condition) ? (void)0 : assert_failed(#condition, __FILE__, __LINE__, __func__))
#endif

#ifndef LIB_C_ASSERT_H
#define LIB_C_ASSERT_H
__attribute__((noreturn, cold)) void assert_failed(const char *condition, const char *file,
                                                   int line, const char *function);
#endif
