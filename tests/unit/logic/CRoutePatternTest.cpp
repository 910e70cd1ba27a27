#include "logic/CRoutePattern.h"

#include <gtest/gtest.h>

namespace switchboard {
namespace {

TEST(CRoutePatternTest, WhatCannotWorkIsRefused) {
  for (const char* pattern : {"/", "/a", "/{id}", "/users/{id}/posts/{post}", "/a b", "/{id}/"}) {
    EXPECT_EQ(CRoutePattern::Mistake(pattern), "") << pattern;
  }
  for (const char* pattern : {"/a/*", "/*", "/{}", "/{id", "/id}", "/a{id}", "/{id}.html", "/{a{b}}", "/{id}/{id}"}) {
    EXPECT_NE(CRoutePattern::Mistake(pattern), "") << pattern;
  }
}

TEST(CRoutePatternTest, ANameStandsForOnePartThatIsNotEmpty) {
  EXPECT_TRUE(CRoutePattern::Fits("/users/{id}", "/users/7"));
  EXPECT_FALSE(CRoutePattern::Fits("/users/{id}", "/users/"));
  EXPECT_FALSE(CRoutePattern::Fits("/users/{id}", "/users"));
  EXPECT_FALSE(CRoutePattern::Fits("/users/{id}", "/users/7/"));
  EXPECT_FALSE(CRoutePattern::Fits("/users/{id}", "/users/7/8"));
  EXPECT_TRUE(CRoutePattern::Fits("/{id}/", "/7/"));
  EXPECT_EQ(CRoutePattern::Value("/users/{id}/posts/{post}", "/users/7/posts/a b", "id"), "7");
  EXPECT_EQ(CRoutePattern::Value("/users/{id}/posts/{post}", "/users/7/posts/a b", "post"), "a b");
  EXPECT_EQ(CRoutePattern::Value("/users/{id}", "/users/7", "other"), std::nullopt);
}

TEST(CRoutePatternTest, WhatIsSaidLiterallyGoesFirst) {
  EXPECT_TRUE(CRoutePattern::GoesFirst("/a/{id}", "/{id}/a"));
  EXPECT_FALSE(CRoutePattern::GoesFirst("/{id}/a", "/a/{id}"));
  EXPECT_FALSE(CRoutePattern::GoesFirst("/{id}", "/{name}"));
}

}  // namespace
}  // namespace switchboard
