#include "jobs/count_primes.h"

#include <algorithm>
#include <bit>
#include <initializer_list>

namespace gristmill::jobs {

namespace {

// base^exponent mod n. `Wide` holds the product of two residues.
template <class Wide>
constexpr Wide PowerModulo(Wide base, std::uint64_t exponent, Wide n) {
  Wide result = 1;
  for (base %= n; exponent != 0; exponent >>= 1) {
    if (exponent & 1) result = result * base % n;
    base = base * base % n;
  }
  return result;
}

// One round of Miller and Rabin for odd n > base: false proves that n is composite.
template <class Wide>
constexpr bool PassesRound(std::uint64_t n, std::uint64_t base) {
  const int twos = std::countr_zero(n - 1);
  Wide power = PowerModulo<Wide>(base, (n - 1) >> twos, n);
  if (power == 1 || power == n - 1) return true;
  for (int i = 1; i < twos; ++i) {
    power = power * power % n;
    if (power == n - 1) return true;
  }
  return false;
}

template <class Wide>
constexpr bool PassesRounds(std::uint64_t n, std::initializer_list<std::uint64_t> bases) {
  return std::all_of(bases.begin(), bases.end(),
                     [n](std::uint64_t base) { return PassesRound<Wide>(n, base); });
}

__extension__ typedef unsigned __int128 Uint128;

}  // namespace

// The test of Miller and Rabin with bases that leave no exception in their range: 2, 7 and 61 below
// 4,759,123,141 (Jaeschke 1993), the first twelve primes below 2^64 (Sorenson and Webster 2015).
bool IsPrime(std::uint64_t n) {
  for (const std::uint64_t p :
       {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61}) {
    if (n % p == 0) return n == p;
  }
  if (n < 61 * 61) return n > 1;
  if (n <= UINT32_MAX) return PassesRounds<std::uint64_t>(n, {2, 7, 61});
  return PassesRounds<Uint128>(n, {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37});
}

std::uint64_t CountPrimes(std::int64_t begin, std::int64_t end) {
  std::uint64_t count = 0;
  for (std::int64_t n = std::max<std::int64_t>(begin, 2); n < end; ++n) {
    count += IsPrime(static_cast<std::uint64_t>(n)) ? 1 : 0;
  }
  return count;
}

}  // namespace gristmill::jobs
