/* SPDX-License-Identifier: MIT */
/* top_screen.c - the terminal while vane top has it.
 *
 * Signals are blocked but while it waits, so that none comes between a question and the wait. A
 * frame is one write. When it is stopped (^Z) the terminal is as it was until it goes on.
 */
#include "top_screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define ENTER "\033[?1049h\033[?25l" /* the other screen, no cursor */
#define LEAVE "\033[?25h\033[?1049l"

static volatile sig_atomic_t resized, ending, suspended;
static struct termios before;
static int is_open, has_keys, heeds;
static sigset_t outside; /* the mask while it waits */

static void on_signal(int signal)
{
    if (signal == SIGWINCH)
        resized = 1;
    else if (signal == SIGTSTP)
        suspended = 1;
    else
        ending = signal;
}

static void heed(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGWINCH, SIGTSTP};
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t blocked;
    if (heeds)
        return;
    heeds = 1;
    sigemptyset(&action.sa_mask);
    sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (is_open || (signals[i] != SIGTSTP && signals[i] != SIGWINCH)) {
            sigaction(signals[i], &action, NULL);
            sigaddset(&blocked, signals[i]);
        }
    sigprocmask(SIG_BLOCK, &blocked, &outside);
}

static void put(const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t n = write(STDOUT_FILENO, bytes, count);
        if (n <= 0 && errno != EINTR && errno != EAGAIN)
            return;
        bytes += n > 0 ? n : 0;
        count -= n > 0 ? (size_t)n : 0;
    }
}

/* ---- in and out --------------------------------------------------------------------------- */

/* Lines come from the keyboard at once and unseen; ^C and ^Z are signals still. */
static void enter(void)
{
    has_keys = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    if (has_keys) {
        struct termios raw = before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        raw.c_cc[VMIN] = 0;
        raw.c_cc[VTIME] = 0;
        has_keys = tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) == 0;
    }
    put(ENTER, strlen(ENTER));
}

static void leave(void)
{
    put(LEAVE, strlen(LEAVE));
    if (has_keys)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    has_keys = 0;
}

int top_screen_open(void)
{
    const char *kind = getenv("TERM");
    if (!isatty(STDOUT_FILENO) || kind == NULL || kind[0] == '\0' || strcmp(kind, "dumb") == 0)
        return 0;
    is_open = 1;
    heed();
    enter();
    return 1;
}

void top_screen_close(void)
{
    if (is_open)
        leave();
    is_open = 0;
    if (!ending)
        return;
    fflush(stdout);
    signal(ending, SIG_DFL);
    raise(ending);
    sigprocmask(SIG_SETMASK, &outside, NULL); /* it comes now */
}

/* ---- frames --------------------------------------------------------------------------------- */

static void size_of(unsigned *rows, unsigned *columns)
{
    struct winsize w;
    int known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 && w.ws_col > 0;
    *rows = known ? w.ws_row : 24;
    *columns = known ? w.ws_col : 80;
}

/* One line, cut; texts are plain characters. */
static void put_line(FILE *out, const char *text, unsigned columns, int reverse)
{
    int length = (int)strcspn(text, "\n");
    length = length < (int)columns ? length : (int)columns;
    fprintf(out, "%s%.*s%s\033[K", reverse ? "\033[7m" : "", length, text,
            reverse ? "\033[0m" : "");
}

void top_screen_show(const char *text, const char *bottom)
{
    unsigned rows, columns, row = 1;
    char *bytes = NULL;
    size_t count = 0;
    size_of(&rows, &columns);
    FILE *out = open_memstream(&bytes, &count);
    if (out == NULL)
        return;
    fputs("\033[H", out);
    for (; *text != '\0' && row < rows; row++) {
        put_line(out, text, columns, row == 1);
        fputs("\r\n", out);
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    fputs("\033[J", out);
    fprintf(out, "\033[%u;1H", rows);
    put_line(out, bottom, columns, 0);
    if (fclose(out) == 0)
        put(bytes, count);
    free(bytes);
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void stop_for_a_while(void)
{
    suspended = 0;
    if (is_open)
        leave();
    raise(SIGSTOP);
    if (is_open)
        enter();
    resized = 1;
}

static int key(void)
{
    unsigned char c;
    ssize_t n = read(STDIN_FILENO, &c, 1);
    if (n == 1)
        return c;
    has_keys = 0; /* its end */
    return TOP_KEY_NONE;
}

int top_screen_wait(double seconds)
{
    heed();
    struct timespec left = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    struct pollfd keys = {.fd = is_open && has_keys ? STDIN_FILENO : -1, .events = POLLIN};
    int n = ppoll(&keys, 1, &left, &outside);
    if (ending)
        return TOP_KEY_STOP;
    if (suspended)
        stop_for_a_while();
    if (resized) {
        resized = 0;
        return TOP_KEY_SIZE;
    }
    return n > 0 ? key() : TOP_KEY_NONE;
}
