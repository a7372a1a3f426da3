// Inlined, so that hashing a few kilobytes costs no call through a library and none has to be shipped.
// The macro renames every function, so Swift reaches them through the wrappers below.
#define XXH_INLINE_ALL
#include <xxhash.h>

static inline uint64_t cxxhash_64(const void *bytes, size_t count) { return XXH3_64bits(bytes, count); }
typedef struct { uint64_t low64, high64; } cxxhash_sum128;
static inline cxxhash_sum128 cxxhash_widen(XXH128_hash_t sum) {
    return (cxxhash_sum128){sum.low64, sum.high64};
}
static inline cxxhash_sum128 cxxhash_128(const void *bytes, size_t count) {
    return cxxhash_widen(XXH3_128bits(bytes, count));
}
static inline void *cxxhash_create(void) { return XXH3_createState(); }
static inline void cxxhash_free(void *state) { XXH3_freeState((XXH3_state_t *)state); }
static inline void cxxhash_reset(void *state) { XXH3_128bits_reset((XXH3_state_t *)state); }
static inline void cxxhash_update(void *state, const void *bytes, size_t count) {
    XXH3_128bits_update((XXH3_state_t *)state, bytes, count);
}
static inline cxxhash_sum128 cxxhash_digest(const void *state) {
    return cxxhash_widen(XXH3_128bits_digest((const XXH3_state_t *)state));
}
