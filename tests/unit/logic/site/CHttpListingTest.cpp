#include "logic/site/CHttpListing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace switchboard {
namespace {

using testing::HasSubstr;
using testing::Not;

SDirectoryEntry File(const std::string& name, uint64_t bytes) { return {name, false, bytes, {784111777, 0}}; }
SDirectoryEntry Folder(const std::string& name) { return {name, true, 0, {784111777, 0}}; }

TEST(CHttpListingTest, ListsDirectoriesFirstByName) {
  const std::string page = CHttpListing::Page("/a/", {File("b", 1), Folder("z"), File("a", 1), Folder("y")}, true);
  size_t at = 0;
  for (const char* p_href : {"\"../\"", "\"y/\"", "\"z/\"", "\"a\"", "\"b\""}) {
    const size_t found = page.find(std::string("<a href=") + p_href, at);
    ASSERT_NE(found, std::string::npos) << p_href;
    at = found;
  }
  EXPECT_THAT(page, HasSubstr("<h1>/a/</h1>"));
  EXPECT_THAT(page, HasSubstr(">a</a></td><td>1</td><td>1994-11-06 08:49</td>"));
  EXPECT_THAT(page, Not(HasSubstr("There are more")));
  EXPECT_THAT(CHttpListing::Page("/", {}, true), Not(HasSubstr("..")));
  EXPECT_THAT(CHttpListing::Page("/", {}, false), HasSubstr("There are more"));
}

TEST(CHttpListingTest, NamesMeanThemselves) {
  const std::string evil = "<script>alert('x')</script>\"&amp; a:b?#%2e";
  const std::string page = CHttpListing::Page("/<i>\"/", {File(evil, 1), File("javascript:x", 1)}, true);
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<i>")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;amp; a:b?#%2e</a>"));
  EXPECT_THAT(page, HasSubstr("%22%26amp%3B%20a%3Ab%3F%23%252e\""));
  EXPECT_THAT(page, HasSubstr("href=\"javascript%3Ax\""));
}

TEST(CHttpListingTest, WhatNobodyCanAskForIsLeftOut) {
  const std::string page = CHttpListing::Page(
      "/", {File(".htpasswd", 1), Folder(".git"), File("new\nline", 1), File("back\\slash", 1), File("x\x7f", 1)},
      true);
  EXPECT_THAT(page, Not(HasSubstr("href")));
}

TEST(CHttpListingTest, SizesAreShort) {
  const struct {
    uint64_t bytes;
    const char* p_text;
  } cases[] = {{0, "0"},
               {999, "999"},
               {1000, "0.9 K"},
               {1024, "1.0 K"},
               {1536, "1.5 K"},
               {10240, "10 K"},
               {1024000, "0.9 M"},
               {uint64_t{1} << 30, "1.0 G"},
               {UINT64_MAX, "15 E"}};
  for (const auto& [bytes, p_text] : cases) {
    EXPECT_THAT(CHttpListing::Page("/", {File("f", bytes)}, true), HasSubstr(std::string("<td>") + p_text + "</td>"));
  }
}

}  // namespace
}  // namespace switchboard
