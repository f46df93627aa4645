#include "context.h"
#include "os.h"
#include "telemetry/clock.h"
uint64_t vane__clock_now(const vane_context *ctx)
{
    (void)ctx;
    return vane__now_ns();
}
