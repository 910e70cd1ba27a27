#include "proc/worker/CGeneration.h"

#include <gtest/gtest.h>

#include "testing/CFakeClock.h"

namespace switchboard {
namespace {

TEST(CGenerationTest, ARetiredSlotIsServedByASurvivor) {
  const CFakeClock clock;
  CGeneration generation(1, SConfig{}, {}, 2, clock);
  EXPECT_EQ(generation.ServerOf(0), 0u);
  EXPECT_EQ(generation.ServerOf(1), 1u);
  EXPECT_EQ(generation.ServerOf(2), 0u);
  EXPECT_EQ(generation.ServerOf(3), 1u);
  generation.AddSlot();
  EXPECT_EQ(generation.ServerOf(2), 2u);
  generation.RemoveSlot();
  EXPECT_EQ(generation.ServerOf(2), 0u);

  generation.Slot(0).isGivenUp = true;
  EXPECT_EQ(generation.ServerOf(0), 1u);
  EXPECT_EQ(generation.ServerOf(2), 1u);
  generation.Slot(1).isGivenUp = true;
  EXPECT_EQ(generation.ServerOf(0), std::nullopt);
}

TEST(CGenerationTest, AListenerHasItsPlaceInTheConfiguration) {
  const CFakeClock clock;
  const CGeneration generation(1, SConfig{}, {7, 3}, 1, clock);
  EXPECT_EQ(generation.PlaceOf(7), 0u);
  EXPECT_EQ(generation.PlaceOf(3), 1u);
  EXPECT_EQ(generation.PlaceOf(0), std::nullopt);
}

TEST(CGenerationTest, TheNextRespawnIsTheEarliest) {
  CFakeClock clock;
  CGeneration generation(1, SConfig{}, {}, 3, clock);
  EXPECT_EQ(generation.NextRespawn(), std::nullopt);
  const MonotonicTime now = clock.Now();
  generation.Slot(1).respawnAt = now + std::chrono::seconds(2);
  generation.Slot(2).respawnAt = now + std::chrono::seconds(1);
  EXPECT_EQ(generation.NextRespawn(), now + std::chrono::seconds(1));
  generation.CancelRespawns();
  EXPECT_EQ(generation.NextRespawn(), std::nullopt);
}

}  // namespace
}  // namespace switchboard
