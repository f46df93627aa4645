/* SPDX-License-Identifier: MIT */
/* absent.c - linked against, but installed under a name that no file has. */
int vane_test_absent(void);
__attribute__((visibility("default"))) int vane_test_absent(void)
{
    return 1;
}
