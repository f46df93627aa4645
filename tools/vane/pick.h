/* SPDX-License-Identifier: MIT */
/* pick.h - what vane bench device tells the policy in vane-pick.so: whom to take. */
#ifndef VANE_TOOL_PICK_H
#define VANE_TOOL_PICK_H

/* Written before vane_set_policy makes the routes anew, and by nobody while calls run. */
typedef struct pick_wish {
    char device[32]; /* its id */
    char kernel[96]; /* its name; "" any */
} pick_wish;

#endif
