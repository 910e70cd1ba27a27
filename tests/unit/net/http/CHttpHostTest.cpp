#include "net/http/CHttpHost.h"

#include <gtest/gtest.h>

#include <string>

namespace switchboard {
namespace {

TEST(CHttpHostTest, WhatTheGrammarAllowsIsAHost) {
  for (const char* p_host : {"a",
                             "example.org",
                             "example.org:80",
                             "a:",
                             "127.0.0.1",
                             "127.0.0.1:8080",
                             "a,b",
                             "!$&'()*+,;=",
                             "-._~",
                             "%41",
                             "%c3%bc.example",
                             "[::1]",
                             "[::1]:80",
                             "[::1]:",
                             "[::]",
                             "[2001:db8::1.2.3.4]",
                             "[v1.a:b]",
                             "[VF.~]",
                             "999.999.999.999",
                             "a:0",
                             "a:99999"}) {
    EXPECT_TRUE(CHttpHost::IsValid(p_host)) << p_host;
    EXPECT_TRUE(CHttpHost::IsAuthority(p_host)) << p_host;
  }
}

TEST(CHttpHostTest, WhatItDoesNotIsNone) {
  for (const char* p_host :
       {"a:b",          "a:80:80",   "a:8o",   "a:-1",    "a:+1",     "a::",     "::1",       "[::1",
        "::1]",         "[::1]80",   "[::1]x", "[::1]:x", "[]",       "[:]",     "[1::2::3]", "[::12345]",
        "[::1%25eth0]", "[::1.2.3]", "[g::]",  "[v.a]",   "[v1]",     "[v1.]",   "[vx.a]",    "[v1.a/]",
        "[127.0.0.1]",  "[a]",       "a[b]",   "a]",      "%",        "%4",      "%4g",       "a%",
        "a b",          "a/b",       "a@b",    "a\\b",    "a?b",      "a#b",     "a\"b",      "<a>",
        "a|b",          "a^b",       "`a`",    "{a}",     "\xc3\xbc", "http://a"}) {
    EXPECT_FALSE(CHttpHost::IsValid(p_host)) << p_host;
    EXPECT_FALSE(CHttpHost::IsAuthority(p_host)) << p_host;
  }
  EXPECT_FALSE(CHttpHost::IsValid("[" + std::string(1000, ':') + "]"));
  EXPECT_FALSE(CHttpHost::IsValid(std::string("[::1\0]", 6)));
}

TEST(CHttpHostTest, OnlyAFieldMayLeaveTheNameOut) {
  for (const char* p_host : {"", ":", ":80"}) {
    EXPECT_TRUE(CHttpHost::IsValid(p_host)) << p_host;
    EXPECT_FALSE(CHttpHost::IsAuthority(p_host)) << p_host;
  }
}

}  // namespace
}  // namespace switchboard
