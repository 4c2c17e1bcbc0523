#include "mutate.h"

#include <string.h>

uint64_t
test_random_next(test_random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

size_t
test_random_below(test_random *r, size_t n)
{
    return (size_t)(test_random_next(r) % n);
}

static size_t
mutate_once(test_random *r, char *s, size_t n)
{
    static const char telling[] = "0123456789999--\"\"{}[],:.eE\\ \n\xff\x80tn";
    size_t at = test_random_below(r, n), from = test_random_below(r, n);
    size_t room = n - (at > from ? at : from);
    size_t length = 1 + test_random_below(r, room < 40 ? room : 40);

    switch (test_random_below(r, 16)) {
    case 0:
        return at + 1; /* cut off */
    case 1: /* a piece is lost */
        length = length < n - at ? length : n - at;
        memmove(s + at, s + at + length, n - at - length);
        return n - length > 0 ? n - length : 1;
    case 2:
    case 3: /* a piece is written over another */
        memmove(s + at, s + from, length);
        return n;
    case 4:
        s[at] = (char)test_random_below(r, 256);
        return n;
    case 5:
    case 6:
        s[at] = (char)(s[at] ^ 1 << test_random_below(r, 8));
        return n;
    default: /* what matters most to a parser */
        s[at] = telling[test_random_below(r, sizeof telling - 1)];
        return n;
    }
}

size_t
test_mutate(test_random *r, void *data, size_t n)
{
    size_t times = 1 + test_random_below(r, 8);

    while (n > 0 && times-- > 0)
        n = mutate_once(r, data, n);
    return n;
}
