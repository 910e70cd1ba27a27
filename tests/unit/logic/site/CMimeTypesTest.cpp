#include "logic/site/CMimeTypes.h"

#include <gtest/gtest.h>

#include "tests/support/CTemporaryFolder.h"

namespace switchboard {
namespace {

TEST(CMimeTypesTest, ReadsTheSystemsFile) {
  const CMimeTypes types;
  EXPECT_GT(types.Count(), 500U);
  EXPECT_EQ(types.TypeOf("index.html"), "text/html");
  EXPECT_EQ(types.TypeOf("a/b.c/LOGO.PNG"), "image/png");
  EXPECT_EQ(types.TypeOf("x.odt"), "application/vnd.oasis.opendocument.text");
  EXPECT_EQ(types.TypeOf("app.js"), "text/javascript");
}

TEST(CMimeTypesTest, TheTypesOfTheWebAreBuiltIn) {
  const CMimeTypes types("/nonexistent/mime.types");
  EXPECT_EQ(types.TypeOf("index.html"), "text/html");
  EXPECT_EQ(types.TypeOf("style.css"), "text/css");
  EXPECT_EQ(types.TypeOf("app.wasm"), "application/wasm");
  EXPECT_EQ(types.TypeOf("pic.svg"), "image/svg+xml");
}

TEST(CMimeTypesTest, WhatHasNoTypeGetsTheDefault) {
  const CMimeTypes types;
  for (const char* p_path : {"", "html", ".html/x", "a.html/", "a.", "a.unheard-of", "/", "..", "a.html "}) {
    EXPECT_EQ(types.TypeOf(p_path), CMimeTypes::kDefault) << p_path;
  }
}

TEST(CMimeTypesTest, ReadsLinesStrictly) {
  const CTemporaryFolder folder;
  folder.Write("types",
               "# comment\n\nfirst/type aaa bbb\nsecond/type aaa ccc # ddd\n\ttext/html\tHTML\r\nnotype eee\n"
               "bad/\x01type fff\n/x ggg\nx/y; hhh\na/b/c iii\nx/only\nlast/type jjj");
  const CMimeTypes types((folder.Path() / "types").string());
  EXPECT_EQ(types.TypeOf("x.aaa"), "first/type");
  EXPECT_EQ(types.TypeOf("x.bbb"), "first/type");
  EXPECT_EQ(types.TypeOf("x.ccc"), "second/type");
  EXPECT_EQ(types.TypeOf("x.html"), "text/html");
  EXPECT_EQ(types.TypeOf("x.jjj"), "last/type");
  for (const char* p_path : {"x.ddd", "x.eee", "x.fff", "x.ggg", "x.hhh", "x.iii", "x.#"}) {
    EXPECT_EQ(types.TypeOf(p_path), CMimeTypes::kDefault) << p_path;
  }
}

}  // namespace
}  // namespace switchboard
