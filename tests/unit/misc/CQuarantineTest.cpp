#include "misc/CQuarantine.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "misc/count/CScoreboard.h"

namespace switchboard {
namespace {

TEST(CQuarantineTest, HoldsWhatWasAddedAndNothingElse) {
  const auto p_quarantine = std::make_unique<CQuarantine>();
  const std::vector<uint16_t> codes{0, 1, 63, 64, 4711, 65535};
  for (const uint16_t code : codes) p_quarantine->Add(code);
  uint32_t count = 0;
  for (uint32_t code = 0; code <= 65535; ++code) count += p_quarantine->Has(static_cast<uint16_t>(code)) ? 1 : 0;
  EXPECT_EQ(count, 6U);
  for (const uint16_t code : codes) EXPECT_TRUE(p_quarantine->Has(code)) << code;
  for (const uint16_t code : {uint16_t{63}, uint16_t{63}, uint16_t{62}}) p_quarantine->Remove(code);
  p_quarantine->Add(0);  // is there
  EXPECT_FALSE(p_quarantine->Has(63));
  for (const uint16_t code : std::vector<uint16_t>{0, 1, 64, 4711, 65535}) {
    EXPECT_TRUE(p_quarantine->Has(code)) << code;
    p_quarantine->Remove(code);
    EXPECT_FALSE(p_quarantine->Has(code)) << code;
  }
  p_quarantine->Add(7);
  EXPECT_TRUE(p_quarantine->Has(7));
  p_quarantine->Clear();
  for (uint32_t code = 0; code <= 65535; ++code) ASSERT_FALSE(p_quarantine->Has(static_cast<uint16_t>(code)));
}

TEST(CQuarantineTest, LiesInTheScoreboardBesideThePages) {
  CScoreboard scoreboard("", 2);
  for (uint32_t code = 0; code <= 65535; ++code) scoreboard.Quarantine().Add(static_cast<uint16_t>(code));
  EXPECT_EQ(scoreboard.Sum(), CounterTotals{});
  EXPECT_EQ(scoreboard.Page(0).pid, 0);
  scoreboard.Page(0).pid = -1;
  scoreboard.Quarantine().Clear();
  EXPECT_EQ(scoreboard.Page(0).pid, -1);
  EXPECT_FALSE(scoreboard.Quarantine().Has(65535));
}

}  // namespace
}  // namespace switchboard
