#include "jobs/count_primes.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

namespace gristmill::jobs {
namespace {

TEST(IsPrime, AgreesWithTheSieveOfEratosthenesBelowTwoHundredThousand) {
  constexpr std::size_t kEnd = 200'000;
  std::vector<bool> composite(kEnd);
  for (std::size_t n = 2; n < kEnd; ++n) {
    for (std::size_t multiple = 2 * n; multiple < kEnd; multiple += n) composite[multiple] = true;
    ASSERT_EQ(IsPrime(n), !composite[n]) << n;
  }
}

TEST(IsPrime, NeitherZeroNorOneIsAPrime) {
  EXPECT_FALSE(IsPrime(0));
  EXPECT_FALSE(IsPrime(1));
}

TEST(IsPrime, TellsStrongPseudoprimesFromPrimes) {
  EXPECT_FALSE(IsPrime(3'215'031'751));              // passes for 2, 3, 5 and 7
  EXPECT_FALSE(IsPrime(4'759'123'141));              // passes for 2, 7 and 61
  EXPECT_FALSE(IsPrime(3'825'123'056'546'413'051));  // passes for the first nine primes
}

TEST(IsPrime, HoldsOnBothSidesOfThirtyTwoBits) {
  EXPECT_TRUE(IsPrime(4'294'967'291));  // the last below 2^32
  EXPECT_FALSE(IsPrime(4'294'967'295));
  EXPECT_TRUE(IsPrime(4'294'967'311));  // the first above
}

TEST(IsPrime, HoldsAtTheEndOfTheSignedAndTheUnsignedRange) {
  EXPECT_TRUE(IsPrime(9'223'372'036'854'775'783u));
  EXPECT_FALSE(IsPrime(9'223'372'036'854'775'807u));
  EXPECT_TRUE(IsPrime(18'446'744'073'709'551'557u));
  EXPECT_FALSE(IsPrime(18'446'744'073'709'551'615u));
}

TEST(CountPrimes, MatchesThePublishedCounts) {
  EXPECT_EQ(CountPrimes(0, 1'000), 168u);
  EXPECT_EQ(CountPrimes(0, 100'000), 9'592u);
  EXPECT_EQ(CountPrimes(0, 1'000'000), 78'498u);
}

TEST(CountPrimes, IncludesTheBeginAndExcludesTheEnd) {
  EXPECT_EQ(CountPrimes(7, 11), 1u);
  EXPECT_EQ(CountPrimes(7, 12), 2u);
  EXPECT_EQ(CountPrimes(8, 11), 0u);
  EXPECT_EQ(CountPrimes(-5, 3), 1u);
}

TEST(CountPrimes, OfAnEmptyRangeIsZero) {
  EXPECT_EQ(CountPrimes(100, 100), 0u);
  EXPECT_EQ(CountPrimes(100, 50), 0u);
}

TEST(CountPrimes, DoesNotDependOnHowTheRangeIsSplit) {
  std::uint64_t sum = 0;
  for (std::int64_t begin = 0; begin < 100'000; begin += 777) {
    sum += CountPrimes(begin, std::min<std::int64_t>(begin + 777, 100'000));
  }
  EXPECT_EQ(sum, 9'592u);
}

}  // namespace
}  // namespace gristmill::jobs
