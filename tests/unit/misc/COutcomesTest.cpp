#include "misc/COutcomes.h"

#include <gtest/gtest.h>

#include <string>

namespace switchboard {
namespace {

TEST(COutcomesTest, AnOutcomeIsThatOfAnOrderThatBeganLater) {
  COutcomes outcomes;
  outcomes.Begin();
  const uint32_t begun = outcomes.Begun();
  outcomes.End(true, "the one before");
  EXPECT_FALSE(outcomes.After(begun).has_value());
  outcomes.Begin();
  EXPECT_FALSE(outcomes.After(begun).has_value());
  outcomes.End(false, "why");
  ASSERT_TRUE(outcomes.After(begun).has_value());
  EXPECT_FALSE(outcomes.After(begun)->isDone);
  EXPECT_EQ(outcomes.After(begun)->text, "why");
}

TEST(COutcomesTest, ALongTextIsCut) {
  COutcomes outcomes;
  outcomes.Begin();
  outcomes.End(true, std::string(COutcomes::kMaxText + 1, 'x'));
  EXPECT_EQ(outcomes.After(0)->text, std::string(COutcomes::kMaxText, 'x'));
  EXPECT_TRUE(outcomes.After(0)->isDone);
}

}  // namespace
}  // namespace switchboard
