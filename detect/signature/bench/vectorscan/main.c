/* The baseline of "make bench-prefilter": vectorscan, or Hyperscan, on the patterns and buffers that benchprefilter
 * wrote to two files. It is no part of the product. Usage: vectorscan PATTERNS BUFFERS ROUNDS
 *
 * PATTERNS: for each pattern one byte of length, one byte that is 1 where case does not matter, the bytes.
 * BUFFERS: for each buffer four bytes of length, least significant first, the bytes. */
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static unsigned char *slurp(const char *name, size_t *n) {
    FILE *f = fopen(name, "rb");
    if (!f) { perror(name); exit(1); }
    fseek(f, 0, SEEK_END);
    *n = ftell(f);
    rewind(f);
    unsigned char *p = malloc(*n + 1);
    if (!p || fread(p, 1, *n, f) != *n) { perror(name); exit(1); }
    fclose(f);
    return p;
}

static double cpu(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static int found(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *ctx) {
    (void)id, (void)from, (void)to, (void)flags;
    ++*(unsigned long long *)ctx;
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 4) { fprintf(stderr, "usage: vectorscan PATTERNS BUFFERS ROUNDS\n"); return 2; }
    size_t np, nb;
    unsigned char *p = slurp(argv[1], &np), *b = slurp(argv[2], &nb);
    const char **texts = calloc(np, sizeof *texts);
    unsigned *flags = calloc(np, sizeof *flags), *ids = calloc(np, sizeof *ids), n = 0;
    for (size_t i = 0; i < np; i += 2 + p[i], n++) {
        char *text = malloc(4 * p[i] + 1); /* written as an expression: the literal interface takes no leading zero */
        for (int j = 0; j < p[i]; j++) sprintf(text + 4 * j, "\\x%02x", p[i + 2 + j]);
        texts[n] = text;
        flags[n] = HS_FLAG_SINGLEMATCH | (p[i + 1] ? HS_FLAG_CASELESS : 0);
        ids[n] = n;
    }
    hs_database_t *db;
    hs_compile_error_t *err;
    double begin = cpu();
    if (hs_compile_multi(texts, flags, ids, n, HS_MODE_BLOCK, NULL, &db, &err) != HS_SUCCESS) {
        fprintf(stderr, "vectorscan: %s\n", err->message);
        return 1;
    }
    double built = cpu() - begin;
    hs_scratch_t *scratch = NULL;
    if (hs_alloc_scratch(db, &scratch) != HS_SUCCESS) return 1;
    size_t size;
    hs_database_size(db, &size);
    unsigned long long hits = 0;
    begin = cpu();
    for (int round = atoi(argv[3]); round > 0; round--) {
        hits = 0;
        for (size_t i = 0; i < nb;) {
            unsigned len = b[i] | b[i + 1] << 8 | b[i + 2] << 16 | (unsigned)b[i + 3] << 24;
            if (hs_scan(db, (char *)b + i + 4, len, 0, scratch, found, &hits) != HS_SUCCESS) return 1;
            i += 4 + len;
        }
    }
    printf("hits %llu cpu %.6f build %.3f size %zu\n", hits, cpu() - begin, built, size);
    return 0;
}
