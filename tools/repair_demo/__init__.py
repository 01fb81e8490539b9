# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Parts of `make demo`: what the machine tells, the live table, the report."""
