#include "sim_text.h"

#include <stdio.h>
#include <string.h>

static bool blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Reads the escape after a backslash at line[at]; the number of characters used, 0 when it is none. */
static size_t escape(const char *line, size_t at, size_t length, char *out)
{
    static const char from[] = "\"\\ntr", to[] = "\"\\\n\t\r";
    if (at >= length) return 0;
    const char *known = line[at] != '\0' ? strchr(from, line[at]) : NULL;
    if (known != NULL) {
        *out = to[known - from];
        return 1;
    }
    if (line[at] != 'x' || at + 2 >= length) return 0;
    int high = hex_digit(line[at + 1]), low = hex_digit(line[at + 2]);
    if (high < 0 || low < 0 || high + low == 0) return 0; /* a NUL would end the text early */
    *out = (char)(high * 16 + low);
    return 3;
}

/* Reads a quoted word that starts behind its opening quote. False: no end, or a wrong escape. */
static bool quoted(const char *line, size_t length, size_t *at, char **store, char error[SIM_MAX_ERROR])
{
    while (*at < length && line[*at] != '"') {
        if (line[*at] != '\\') {
            *(*store)++ = line[(*at)++];
            continue;
        }
        size_t used = escape(line, *at + 1, length, *store);
        if (used == 0) {
            snprintf(error, SIM_MAX_ERROR, "unknown escape in a quoted text; known are \\\" \\\\ \\n \\t \\r \\xNN (not \\x00)");
            return false;
        }
        *at += 1 + used;
        (*store)++;
    }
    if (*at >= length) {
        snprintf(error, SIM_MAX_ERROR, "a quoted text has no end; close it with \"");
        return false;
    }
    (*at)++;
    return true;
}

bool sim_split(const char *line, size_t length, struct sim_words *words, char error[SIM_MAX_ERROR])
{
    words->count = 0;
    if (length > SIM_MAX_LINE) {
        snprintf(error, SIM_MAX_ERROR, "the line has %zu bytes; at most %d are read", length, SIM_MAX_LINE);
        return false;
    }
    if (memchr(line, '\0', length) != NULL) {
        snprintf(error, SIM_MAX_ERROR, "the line holds a NUL byte; a scenario is plain text");
        return false;
    }
    char *store = words->store;
    for (size_t at = 0;;) {
        while (at < length && blank(line[at])) at++;
        if (at >= length || line[at] == '#') return true;
        if (words->count == SIM_MAX_WORDS) {
            snprintf(error, SIM_MAX_ERROR, "more than %d words; no statement has so many", SIM_MAX_WORDS);
            return false;
        }
        words->word[words->count++] = store;
        if (line[at] == '"') {
            at++;
            if (!quoted(line, length, &at, &store, error)) return false;
        } else {
            while (at < length && !blank(line[at])) *store++ = line[at++];
        }
        *store++ = '\0';
    }
}

void sim_join(const struct sim_words *words, size_t from, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = from; i < words->count && used < size; i++) {
        int wrote = snprintf(out + used, size - used, "%s%s", i > from ? " " : "", words->word[i]);
        used += (size_t)wrote;
    }
}

bool sim_number(const char *word, int64_t *out)
{
    bool negative = *word == '-';
    word += negative;
    bool hex = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
    word += hex ? 2 : 0;
    if (*word == '\0') return false;
    int64_t value = 0;
    for (; *word != '\0'; word++) {
        int digit = hex_digit(*word);
        if (digit < 0 || digit >= (hex ? 16 : 10) || value > (INT64_MAX >> 5)) return false;
        value = value * (hex ? 16 : 10) + digit;
    }
    *out = negative ? -value : value;
    return true;
}

bool sim_duration(const char *word, int64_t *nanoseconds)
{
    int64_t whole = 0, fraction = 0, scale = 1;
    int digits = 0;
    for (; *word >= '0' && *word <= '9'; word++, digits++) whole = whole * 10 + (*word - '0');
    if (digits == 0 || digits > 9) return false;
    if (*word == '.') {
        for (digits = 0, word++; *word >= '0' && *word <= '9'; word++, digits++)
            if (digits < 9) fraction = fraction * 10 + (*word - '0'), scale *= 10;
        if (digits == 0 || digits > 15) return false;
    }
    static const struct { const char *name; int64_t nanoseconds; } units[] = {
        { "ms", 1000000 }, { "s", 1000000000 }, { "m", 60000000000 },
    };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(word, units[i].name) == 0) {
            /* Many minutes overflow 64 bits of nanoseconds; 100 years are enough for any timeline. */
            if (whole > INT64_C(3155760000000000000) / units[i].nanoseconds) return false;
            /* Both divisions are exact or drop digits below a nanosecond. */
            int64_t part = scale <= units[i].nanoseconds ? units[i].nanoseconds / scale * fraction
                                                         : fraction / (scale / units[i].nanoseconds);
            *nanoseconds = whole * units[i].nanoseconds + part;
            return true;
        }
    return false;
}

const char *sim_show(const char *word, char out[64])
{
    size_t used = 0;
    for (; *word != '\0' && used < 56; word++)
        out[used++] = (unsigned char)*word < 0x20 || (unsigned char)*word >= 0x7f ? '?' : *word;
    strcpy(out + used, *word != '\0' ? "..." : "");
    return out;
}
