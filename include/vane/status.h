/* SPDX-License-Identifier: MIT */
/* status.h - what every Vane call returns.
 *
 * One list makes the enum, the strings and the classes. Zero is success;
 * failures are negative. The class tells a caller what to do next:
 *   TRANSIENT   trying again may work (a busy device, a timeout)
 *   RESOURCE    something ran out or is missing (memory, a file)
 *   PROGRAMMER  the call itself is wrong; trying again will not help
 *   FATAL       the device or plugin is unusable from now on
 */
#ifndef VANE_STATUS_H
#define VANE_STATUS_H

/* X(name, value, class, sentence) */
#define VANE_STATUS_MAP(X)                                                     \
    X(OK, 0, NONE, "success")                                                  \
    X(E_ARGUMENT, -1, PROGRAMMER, "an argument is invalid")                    \
    X(E_DTYPE, -2, PROGRAMMER, "a data type does not fit the operation")       \
    X(E_SHAPE, -3, PROGRAMMER, "a shape or stride does not fit the operation") \
    X(E_OVERLAP, -4, PROGRAMMER, "the output overlaps an operand")             \
    X(E_OVERFLOW, -5, PROGRAMMER, "a size does not fit in 63 bits")            \
    X(E_UNSUPPORTED, -6, PROGRAMMER, "nothing loaded here can do this")        \
    X(E_NOT_FOUND, -7, PROGRAMMER, "no such backend, operation or file")       \
    X(E_NO_BACKEND, -8, RESOURCE, "no usable backend is loaded")               \
    X(E_NOMEM, -9, RESOURCE, "out of memory")                                  \
    X(E_IO, -10, RESOURCE, "reading or writing failed")                        \
    X(E_FORMAT, -11, PROGRAMMER, "a file or text is malformed")                \
    X(E_ABI, -12, PROGRAMMER, "the plugin was built for another contract")     \
    X(E_PERMISSION, -13, RESOURCE, "permission denied")                        \
    X(E_BUSY, -14, TRANSIENT, "busy, try again")                               \
    X(E_TIMEOUT, -15, TRANSIENT, "the time allowed ran out")                   \
    X(E_DEVICE_LOST, -16, FATAL, "the device is lost")                         \
    X(E_INTERNAL, -17, FATAL, "a backend or Vane itself failed")

typedef enum vane_status {
#define VANE_STATUS_ENUM(name, value, cls, text) VANE_##name = value,
    VANE_STATUS_MAP(VANE_STATUS_ENUM)
#undef VANE_STATUS_ENUM
} vane_status;

typedef enum vane_status_class {
    VANE_CLASS_NONE,
    VANE_CLASS_TRANSIENT,
    VANE_CLASS_RESOURCE,
    VANE_CLASS_PROGRAMMER,
    VANE_CLASS_FATAL
} vane_status_class;

#endif
