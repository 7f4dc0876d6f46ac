#include "worker/local_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"

namespace gristmill::worker {
namespace {

TEST(LocalAddressTest, ACoordinatorOnLoopbackReachesUsOnLoopback) {
  EXPECT_EQ(*AddressTowards("127.0.0.1:7070"), "127.0.0.1");
}

TEST(LocalAddressTest, AnAddressWithoutAPortIsRefusedWithAnExample) {
  for (const char* address : {"", "host", "host:", ":7070"}) {
    EXPECT_THAT(Message(AddressTowards(address).status()), testing::HasSubstr("such as"))
        << address;
  }
}

TEST(LocalAddressTest, Ipv6AddressesAreBracketedBeforeThePort) {
  EXPECT_EQ(JoinHostPort("10.0.0.5", 80), "10.0.0.5:80");
  EXPECT_EQ(JoinHostPort("fe80::1", 80), "[fe80::1]:80");
  EXPECT_EQ(JoinHostPort("[fe80::1]", 80), "[fe80::1]:80");
}

}  // namespace
}  // namespace gristmill::worker
