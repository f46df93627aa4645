#include "policy/verify.h"
#include "context.h"
#include "os.h"
#include "telemetry/clock.h"
vane_status vane__check_open(vane_context *ctx, const vane__prepared *p, double budget_ns,
                             vane__check **out)
{
    (void)ctx;
    (void)p;
    (void)budget_ns;
    *out = NULL;
    return VANE_E_UNSUPPORTED;
}
int vane__check_result(const vane__check *c, const void *out, vane__finding *f)
{
    (void)c;
    (void)out;
    f->right = 1;
    return 1;
}
void vane__check_close(vane__check *c)
{
    (void)c;
}
uint64_t vane__clock_now(const vane_context *ctx)
{
    (void)ctx;
    return vane__now_ns();
}
