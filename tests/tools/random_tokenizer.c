/* The made-up vocabulary of a random model. */
#include <math.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/str.h"
#include "base/utf8.h"
#include "random_model.h"

#define N_PAIRS 65536u

/* True for the bytes that GPT-2 writes as the character of that code. */
static bool
is_printable(unsigned byte)
{
    return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) ||
           byte >= 0xae;
}

/* GPT-2's character for a byte: itself, or U+0100 and up in order. */
static uint32_t
rune_of(unsigned byte)
{
    uint32_t rune = 0x100;
    unsigned b;

    if (is_printable(byte))
        return byte;
    for (b = 0; b < byte; b++)
        rune += !is_printable(b);
    return rune;
}

/* The byte of token id < 256: the printable ones come first. */
static unsigned
byte_of(unsigned id)
{
    unsigned pass, b, n = 0;

    for (pass = 0; pass < 2; pass++)
        for (b = 0; b < 256; b++)
            if (is_printable(b) == (pass == 0) && n++ == id)
                return b;
    return 0;
}

/* The bytes in the order in which pairs are made of them: letters, space,
 * then the rest as the ids go. */
static unsigned
ranked_byte(unsigned rank)
{
    unsigned id, byte, n = 27;

    if (rank < 26)
        return 'a' + rank;
    if (rank == 26)
        return ' ';
    for (id = 0; id < 256; id++) {
        byte = byte_of(id);
        if (byte != ' ' && (byte < 'a' || byte > 'z') && n++ == rank)
            return byte;
    }
    return 0;
}

/* Pair number m when pairs are counted in growing squares, so that the first
 * n * n of them are those of the first n. */
static void
pair(uint32_t m, uint32_t *left, uint32_t *right)
{
    uint32_t side = (uint32_t)sqrt((double)m);
    uint32_t rest = m - side * side;

    *left = rest <= side ? rest : side;
    *right = rest <= side ? side : rest - side - 1;
}

static void
put_pair(gb_str *out, char pieces[256][5], uint32_t m)
{
    uint32_t left, right;

    pair(m, &left, &right);
    gb_str_puts(out, pieces[left]);
    gb_str_puts(out, pieces[right]);
}

/* The two sides of merge m. */
static void
sides(char pieces[256][5], uint32_t m, gb_str *left, gb_str *right)
{
    uint32_t l, r;

    gb_str_clear(left);
    gb_str_clear(right);
    if (m < N_PAIRS) {
        pair(m, &l, &r);
        gb_str_puts(left, pieces[l]);
        gb_str_puts(right, pieces[r]);
    } else {
        pair(m - N_PAIRS, &l, &r);
        put_pair(left, pieces, l);
        put_pair(right, pieces, r);
    }
}

static void
put_entry(gb_str *vocab, const char *piece, uint32_t id)
{
    gb_str_puts(vocab, id > 0 ? ",\"" : "{\"");
    for (; *piece != '\0'; piece++) {
        if (*piece == '"' || *piece == '\\')
            gb_str_putc(vocab, '\\');
        gb_str_putc(vocab, *piece);
    }
    gb_str_printf(vocab, "\":%u", id);
}

static void
put_bytes(gb_str *vocab)
{
    char piece[5];
    unsigned id;

    for (id = 0; id < 256; id++) {
        piece[gb_utf8_put(rune_of(byte_of(id)), piece)] = '\0';
        put_entry(vocab, piece, id);
    }
}

static void
put_merges(gb_str *vocab, gb_str *merges, uint32_t n)
{
    gb_str left = GB_STR_INIT, right = GB_STR_INIT;
    char pieces[256][5];
    uint32_t m;

    for (m = 0; m < 256; m++)
        pieces[m][gb_utf8_put(rune_of(ranked_byte(m)), pieces[m])] = '\0';
    gb_str_puts(merges, "#version: 0.2\n");
    for (m = 0; m < n; m++) {
        sides(pieces, m, &left, &right);
        gb_str_printf(merges, "%s %s\n", left.data, right.data);
        gb_str_puts(&left, right.data);
        put_entry(vocab, left.data, 256 + m);
    }
    gb_str_free(&left);
    gb_str_free(&right);
}

bool
gb_random_tokenizer_write(uint32_t vocab_size, const char *folder,
                          gb_error *err)
{
    gb_str vocab = GB_STR_INIT, merges = GB_STR_INIT;
    char *vocab_path = gb_path_join(folder, "vocab.json");
    char *merges_path = gb_path_join(folder, "merges.txt");
    bool ok;

    put_bytes(&vocab);
    put_merges(&vocab, &merges, vocab_size - 257);
    put_entry(&vocab, "<|endoftext|>", vocab_size - 1);
    gb_str_puts(&vocab, "}\n");
    ok = gb_file_replace(vocab_path, vocab.data, vocab.len, 0644, err) &&
         gb_file_replace(merges_path, merges.data, merges.len, 0644, err);
    free(vocab_path);
    free(merges_path);
    gb_str_free(&vocab);
    gb_str_free(&merges);
    return ok;
}
