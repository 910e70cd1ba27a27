#include "net/http/CHttpParser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "net/http/HttpText.h"

namespace switchboard {
namespace {

// What came of a stream: a line of text for each request, and the verdict.
struct SOutcome {
  std::string text;
  int status = 0;
  bool hasPartial = false;
  bool operator==(const SOutcome&) const = default;
};

std::ostream& operator<<(std::ostream& out, const SOutcome& outcome) {
  return out << outcome.text << " status " << outcome.status << (outcome.hasPartial ? " partial" : "");
}

std::string Describe(const SHttpRequest& request) {
  std::string text = std::string(request.methodName) + ' ' + std::string(request.target) + " 1." +
                     std::to_string(request.minorVersion) + (request.isKeepAlive ? " keep" : " close");
  for (const SHttpField& field : request.Fields()) {
    text += " [" + std::string(field.name) + '=' + std::string(field.value) + ']';
  }
  return text + " (" + std::string(request.body) + ")\n";
}

// Feeds the stream in pieces, each in memory of its own.
SOutcome Feed(const std::vector<std::string_view>& pieces, const SHttpLimits& limits = {}) {
  SOutcome outcome;
  CHttpParser parser;
  SHttpRequest request;
  for (const std::string_view piece : pieces) {
    const std::vector<char> copy(piece.begin(), piece.end());
    std::string_view input(copy.data(), copy.size());
    while (true) {
      const CHttpParser::SStep step = parser.Next(input, limits, request);
      input.remove_prefix(step.eaten);
      if (step.what == EHttpStep::kBad) {
        outcome.status = step.verdict.status;
        return outcome;
      }
      if (step.what == EHttpStep::kRequest) outcome.text += Describe(request);
      EXPECT_TRUE(step.what != EHttpStep::kHead || request.HasBody());
      if (step.what == EHttpStep::kNeedsMore) break;
    }
    EXPECT_TRUE(input.empty());
    EXPECT_LE(parser.PartialCapacity(), 2 * parser.PartialBytes());
    EXPECT_TRUE(parser.HasPartial() || parser.PartialCapacity() == 0);
  }
  outcome.hasPartial = parser.HasPartial();
  return outcome;
}

// The same at every split in two, byte by byte, and whole; the outcomes must agree.
SOutcome FeedAllWays(std::string_view stream, const SHttpLimits& limits = {}) {
  const SOutcome whole = Feed({stream}, limits);
  for (size_t at = 1; at < stream.size(); ++at) {
    const SOutcome split = Feed({stream.substr(0, at), stream.substr(at)}, limits);
    EXPECT_EQ(split, whole) << "split at " << at << " of " << stream;
    if (split != whole) break;
  }
  std::vector<std::string_view> bytes;
  for (size_t at = 0; at < stream.size(); ++at) bytes.push_back(stream.substr(at, 1));
  EXPECT_EQ(Feed(bytes, limits), whole) << "byte by byte: " << stream;
  return whole;
}

std::string Get(const std::string& fields) { return "GET /x HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n"; }
std::string Post(const std::string& fieldsAndBody) { return "POST /x HTTP/1.1\r\nHost: h\r\n" + fieldsAndBody; }
std::string Chunked(const std::string& body) { return Post("Transfer-Encoding: chunked\r\n\r\n" + body); }

TEST(CHttpParserTest, ReadsARequest) {
  EXPECT_EQ(
      FeedAllWays("GET /a?b=c HTTP/1.1\r\nHost: example.org:80\r\nAccept:  text/html, */* \t\r\nX-Empty:\r\n\r\n"),
      (SOutcome{"GET /a?b=c 1.1 keep [Host=example.org:80] [Accept=text/html, */*] [X-Empty=] ()\n", 0, false}));
}

TEST(CHttpParserTest, ReadsManyInOneBuffer) {
  std::string stream;
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    stream += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
    expected += "GET /" + std::to_string(i) + " 1.1 keep [Host=h] ()\n";
    if (i % 5 == 0) {
      stream += Post("Content-Length: 3\r\n\r\nabc") + Chunked("2\r\nde\r\n1\r\nf\r\n0\r\n\r\n");
      expected +=
          "POST /x 1.1 keep [Host=h] [Content-Length=3] (abc)\n"
          "POST /x 1.1 keep [Host=h] [Transfer-Encoding=chunked] (def)\n";
    }
  }
  EXPECT_EQ(FeedAllWays(stream), (SOutcome{expected, 0, false}));
}

TEST(CHttpParserTest, WhatIsGoodBeforeABadRequestIsGiven) {
  EXPECT_EQ(FeedAllWays(Get("") + "GET\n" + Get("")), (SOutcome{"GET /x 1.1 keep [Host=h] ()\n", 400, false}));
}

TEST(CHttpParserTest, SaysWhetherTheConnectionStays) {
  const struct {
    const char* p_head;
    bool isKeepAlive;
  } cases[] = {
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: CLOSE\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: te, close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: te\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: closed\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", true},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
      {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
  };
  for (const auto& [p_head, isKeepAlive] : cases) {
    const SOutcome outcome = FeedAllWays(p_head);
    EXPECT_EQ(outcome.status, 0) << p_head;
    EXPECT_EQ(outcome.text.find(" keep") != std::string::npos, isKeepAlive) << p_head;
  }
}

struct SCase {
  std::string stream;
  int status;
};

TEST(CHttpParserTest, FramingThatIsNotBeyondDoubtIsRefused) {
  const std::string host = "Host: h\r\n";
  const std::vector<SCase> cases = {
      // Lines.
      {"GET / HTTP/1.1\n" + host + "\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\n\n", 400},
      {"GET / HTTP/1.1\rHost: h\r\r", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\rX: y\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400},
      {"\n" + Get(""), 400},
      {"\r" + Get(""), 400},
      {"\r\n\r\n" + Get(""), 400},
      {" " + Get(""), 400},
      {"\t" + Get(""), 400},
      {"\r\n " + Get(""), 400},
      {"GET / HTTP/1.1\r\n\nHost: h\r\n\r\n", 400},
      // Control bytes.
      {std::string("GET /\0 HTTP/1.1\r\n", 17), 400},
      {std::string("\x16\x03\x01\x02", 4), 400},
      {Get(std::string("X: a\0b\r\n", 8)), 400},
      {Get("X: a\x01\r\n"), 400},
      {Get("X: a\x0b\r\n"), 400},
      {Get("X: a\x0c\r\n"), 400},
      {Get("X: a\x1b[2J\r\n"), 400},
      {Get("X: a\x7f\r\n"), 400},
      {"GET /\x7f HTTP/1.1\r\n" + host + "\r\n", 400},
      // Folded fields, names.
      {Get("X: a\r\n b\r\n"), 400},
      {Get("X: a\r\n\tb\r\n"), 400},
      {Get(" X: a\r\n"), 400},
      {"GET / HTTP/1.1\r\n X: a\r\nHost: h\r\n\r\n", 400},
      {Get("X : a\r\n"), 400},
      {Get("X\t: a\r\n"), 400},
      {Get("X Y: a\r\n"), 400},
      {Get(": a\r\n"), 400},
      {Get("X\r\n"), 400},
      {Get("X(: a\r\n"), 400},
      {Get("X\xff: a\r\n"), 400},
      {Get("X\"Y: a\r\n"), 400},
      {Get("X/: a\r\n"), 400},
      {Get("X[: a\r\n"), 400},
      {Get("X@: a\r\n"), 400},
      // Request line.
      {"GET  / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /  HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET / HTTP/1.1 \r\n" + host + "\r\n", 400},
      {"GET\t/ HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /\tHTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /a b HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /a\tb HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /a#b HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /\r\n\r\n", 400},
      {"GET\r\n\r\n", 400},
      {"GET / \r\n\r\n", 400},
      {" / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET  HTTP/1.1\r\n" + host + "\r\n", 400},
      {"G(T / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET: / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET / http/1.1\r\n" + host + "\r\n", 400},
      {"GET / HTTP/1\r\n" + host + "\r\n", 400},
      {"GET / HTTP/1.10\r\n" + host + "\r\n", 400},
      {"GET / HTTP/01.1\r\n" + host + "\r\n", 400},
      {"GET / HTTP/1,1\r\n" + host + "\r\n", 400},
      {"GET / HTTP/x.1\r\n" + host + "\r\n", 400},
      {"GET / HTTPS/1.1\r\n" + host + "\r\n", 400},
      {"GET / XHTTP/1.1\r\n" + host + "\r\n", 400},
      // Targets.
      {"GET http:///x HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET http://:80/ HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET http:// HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET http:/x HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET http:x HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET http://me@h/ HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET http://a:b/ HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET http://h\\x/ HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET http://h/#x HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET http://h/ HTTP/1.1\r\n\r\n", 400},
      {"GET http://h/ HTTP/1.1\r\n" + host + host + "\r\n", 400},
      {"GET http://h/ HTTP/1.1\r\nHost: a:b\r\n\r\n", 400},
      {"GET ftp://h/ HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET ://h/ HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET https://h/ HTTP/1.1\r\n" + host + "\r\n", 421},
      {"GET x HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET ? HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET * HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET ../x HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET \\x HTTP/1.1\r\n" + host + "\r\n", 400},
      {"OPTIONS ** HTTP/1.1\r\n" + host + "\r\n", 400},
      {"CONNECT h:80 HTTP/1.1\r\n" + host + "\r\n", 405},
      // Host.
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {Get("Host: h\r\n"), 400},
      {Get("hOST: other\r\n"), 400},
      {"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
      {"GET /index.html HTTP/1.1\r\nHost: a:b\r\n\r\n", 400},
      {"GET /index.html HTTP/1.1\r\nHost: a:80:80\r\n\r\n", 400},
      {"GET /index.html HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: http://a\r\n\r\n", 400},
      // Lengths.
      {Post("Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"), 400},
      {Post("Content-Length: 3\r\ncontent-length: 4\r\n\r\nabc"), 400},
      {Post("Content-Length: 3, 3\r\n\r\nabc"), 400},
      {Post("Content-Length: 3,\r\n\r\nabc"), 400},
      {Post("Content-Length:\r\n\r\nabc"), 400},
      {Post("Content-Length: \r\n\r\nabc"), 400},
      {Post("Content-Length: +3\r\n\r\nabc"), 400},
      {Post("Content-Length: -3\r\n\r\nabc"), 400},
      {Post("Content-Length: 0x3\r\n\r\nabc"), 400},
      {Post("Content-Length: 3 0\r\n\r\nabc"), 400},
      {Post("Content-Length: 3\t\r\n\r\nabc"), 400},
      {Post("Content-Length: 3a\r\n\r\nabc"), 400},
      {Post("Content-Length: 3.0\r\n\r\nabc"), 400},
      {Post("Content-Length: \"3\"\r\n\r\nabc"), 400},
      {Post("Content-Length: \xd9\xa3\r\n\r\nabc"), 400},
      {Post("Content-Length: 18446744073709551616\r\n\r\n"), 400},
      {Post("Content-Length: 18446744073709551619\r\n\r\nabc"), 400},
      {Post("Content-Length: 4294967299\r\n\r\nabc"), 413},
      {Post("Content-Length: 9223372036854775807\r\n\r\n"), 413},
      {Post("Content-Length : 3\r\n\r\nabc"), 400},
      // Transfer codings.
      {Post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
      {Post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"), 400},
      {Post("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n"), 400},
      {Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
      {Post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
      {Post("Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"), 400},
      {Post("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"), 400},
      {Post("Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n"), 400},
      {Post("Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n"), 400},
      {Post("Transfer-Encoding:\r\n\r\n0\r\n\r\n"), 400},
      {Post("Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"), 400},
      {Post("Transfer-Encoding: chunked\x0b\r\n\r\n0\r\n\r\n"), 400},
      {Post("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"), 400},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {Post("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501},
      {Post("Transfer-Encoding: gzip\r\n\r\n"), 400},
      {Post("Transfer-Encoding: identity\r\n\r\n"), 400},
      {Post("Transfer-Encoding: xchunked\r\n\r\n"), 400},
      {Post("Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"), 400},
      {Post("Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n\r\nabc"), 400},
      // Chunks.
      {Chunked("\r\n"), 400},
      {Chunked("g\r\n"), 400},
      {Chunked("-1\r\n"), 400},
      {Chunked("+1\r\na\r\n0\r\n\r\n"), 400},
      {Chunked("0x1\r\na\r\n0\r\n\r\n"), 400},
      {Chunked(" 1\r\na\r\n0\r\n\r\n"), 400},
      {Chunked("1 \r\na\r\n0\r\n\r\n"), 400},
      {Chunked("1\t\r\na\r\n0\r\n\r\n"), 400},
      {Chunked("1\na\r\n0\r\n\r\n"), 400},
      {Chunked("1\r\na\n0\r\n\r\n"), 400},
      {Chunked("1\r\na\r0\r\n\r\n"), 400},
      {Chunked("1\rxa\r\n0\r\n\r\n"), 400},
      {Chunked("1\r\nab\r\n0\r\n\r\n"), 400},
      {Chunked("2\r\na\r\n0\r\n\r\n"), 400},
      {Chunked("1;x\na\r\n0\r\n\r\n"), 400},
      {Chunked("1;x\x01\r\na\r\n0\r\n\r\n"), 400},
      {Chunked(std::string("1;x\0\r\na\r\n0\r\n\r\n", 15)), 400},
      {Chunked("000000001\r\na\r\n0\r\n\r\n"), 400},
      {Chunked("100000000\r\na\r\n0\r\n\r\n"), 400},
      {Chunked("ffffffff\r\n") + std::string(70000, 'a'), 413},
      {Chunked("0\r\n\n"), 400},
      {Chunked("0\r\nX: y\n\r\n"), 400},
      {Chunked("0\r\n X: y\r\n\r\n"), 400},
      {Chunked("0\n\r\n"), 400},
      {Chunked("0\r\nXT\r\n\r\n"), 400},
      {Chunked("0\r\nX : y\r\n\r\n"), 400},
      {Chunked("0\r\nX Y: y\r\n\r\n"), 400},
      {Chunked("0\r\n: y\r\n\r\n"), 400},
      {Chunked("0\r\nX@: y\r\n\r\n"), 400},
      {Chunked("0\r\nX: y\r\nXT\r\n\r\n"), 400},
      {Chunked("0\r\nX: y\r\n z\r\n\r\n"), 400},
      // Versions, methods, expectations.
      {"GET / HTTP/2.0\r\n" + host + "\r\n", 505},
      {"GET / HTTP/0.9\r\n" + host + "\r\n", 505},
      {"GET / HTTP/1.2\r\n" + host + "\r\n", 505},
      {"GET / HTTP/9.9\r\n" + host + "\r\n", 505},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"get / HTTP/1.1\r\n" + host + "\r\n", 501},
      {"BREW / HTTP/1.1\r\n" + host + "\r\n", 501},
      {"GETX / HTTP/1.1\r\n" + host + "\r\n", 501},
      {"GE / HTTP/1.1\r\n" + host + "\r\n", 501},
      {Post("Expect: tea\r\nContent-Length: 1\r\n\r\na"), 417},
  };
  for (const SCase& test : cases) {
    if (test.stream.size() > 10000) {
      EXPECT_EQ(Feed({test.stream}), (SOutcome{"", test.status, false}));
    } else {
      EXPECT_EQ(FeedAllWays(test.stream), (SOutcome{"", test.status, false})) << test.stream;
    }
  }
}

TEST(CHttpParserTest, WhatIsUnusualAndClearIsRead) {
  const std::vector<std::string> cases = {
      "\r\n" + Get(""),
      "GET / HTTP/1.0\r\n\r\n",
      "GET / HTTP/1.1\r\nHost:\r\n\r\n",
      "GET / HTTP/1.1\r\nhost:[::1]:80\r\n\r\n",
      "GET /index.html HTTP/1.1\r\nHost: a,b\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
      "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n",
      "PROPFIND / HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET //x HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /\xc3\xbc HTTP/1.1\r\nHost: h\r\n\r\n",
      Get("X: a\tb\r\n"),
      Get("X: caf\xe9\r\n"),
      Get("Content-Length: 0\r\n"),
      Get("Content-Length: 0000000000000000003\r\n") + "abc",
      Post("Content-Length:3\r\n\r\nabc"),
      Post("Content-Length:  3  \r\n\r\nabc"),
      Post("Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n"),
      Post("Expect: 100-Continue\r\nContent-Length: 1\r\n\r\na"),
      Chunked("0\r\n\r\n"),
      Chunked("0\r\nX:\r\nY:: :\r\n\r\n"),
      Chunked("00000001\r\na\r\n000\r\n\r\n"),
      Chunked("A\r\n0123456789\r\nb;x=\"y\";z\r\n0123456789\n\r\n0;last\r\nX: y\r\nZ: q\r\n\r\n"),
  };
  for (const std::string& stream : cases) {
    const SOutcome outcome = FeedAllWays(stream + Get("Last: one\r\n"));
    EXPECT_EQ(outcome.status, 0) << stream;
    EXPECT_EQ(std::count(outcome.text.begin(), outcome.text.end(), ')'), 2) << stream << outcome.text;
    EXPECT_TRUE(outcome.text.ends_with("[Last=one] ()\n")) << stream;
  }
}

// RFC 9112 section 3.2.2: the target's host is meant, whatever the field says.
TEST(CHttpParserTest, AnAbsoluteTargetIsReadAsItsPath) {
  const struct {
    std::string begin;
    std::string expected;
  } cases[] = {
      {"GET http://x/ HTTP/1.1\r\nHost: x\r\n", "GET / 1.1 keep [Host=x] ()\n"},
      {"GET http://x?q HTTP/1.1\r\nHost: x\r\n", "GET ?q 1.1 keep [Host=x] ()\n"},
      {"GET http://x HTTP/1.1\r\nHost: x\r\n", "GET / 1.1 keep [Host=x] ()\n"},
      {"OPTIONS http://x/ HTTP/1.1\r\nHost: x\r\n", "OPTIONS / 1.1 keep [Host=x] ()\n"},
      {"OPTIONS http://x HTTP/1.1\r\nHost: x\r\n", "OPTIONS * 1.1 keep [Host=x] ()\n"},
      {"GET HTTP://[::1]:80/a/../b?q HTTP/1.1\r\nX: y\r\nhost: other\r\n",
       "GET /a/../b?q 1.1 keep [X=y] [host=[::1]:80] ()\n"},
      {"GET http://x//y HTTP/1.1\r\nHost:\r\n", "GET //y 1.1 keep [Host=x] ()\n"},
      {"GET http://x/http://y/ HTTP/1.0\r\n", "GET /http://y/ 1.0 close ()\n"},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(FeedAllWays(test.begin + "\r\n"), (SOutcome{test.expected, 0, false})) << test.begin;
  }
  EXPECT_EQ(FeedAllWays("POST http://x/ HTTP/1.1\r\nHost: y\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
            (SOutcome{"POST / 1.1 keep [Host=x] [Transfer-Encoding=chunked] (a)\n", 0, false}));
}

TEST(CHttpParserTest, LimitsHold) {
  SHttpLimits limits;
  limits.lineBytes = 100;
  limits.headBytes = 300;
  limits.bodyBytes = 10;
  const auto line = [](size_t bytes) { return "GET /" + std::string(bytes - 14, 'x') + " HTTP/1.1\r\n"; };
  const auto status = [&limits](const std::string& stream) { return FeedAllWays(stream, limits).status; };
  EXPECT_EQ(status(line(100) + "Host: h\r\n\r\n"), 0);
  EXPECT_EQ(status(line(101) + "Host: h\r\n\r\n"), 414);
  EXPECT_EQ(status("GET /" + std::string(1000, 'x')), 414);
  const auto head = [&line](size_t bytes) {
    const std::string begin = line(20) + "Host: h\r\nX: ";
    return begin + std::string(bytes - begin.size() - 4, 'x') + "\r\n\r\n";
  };
  EXPECT_EQ(status(head(300)), 0);
  EXPECT_EQ(status(head(301)), 431);
  EXPECT_EQ(status(line(20) + "Host: h\r\nX: " + std::string(1000, 'x')), 431);
  EXPECT_EQ(status(Post("Content-Length: 10\r\n\r\n0123456789")), 0);
  EXPECT_EQ(status(Post("Content-Length: 11\r\n\r\n0123456789a")), 413);
  EXPECT_EQ(status(Post("Content-Length: 11\r\n\r\n")), 413);
  EXPECT_EQ(status(Chunked("5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n")), 0);
  EXPECT_EQ(status(Chunked("5\r\n01234\r\n6\r\n56789a\r\n0\r\n\r\n")), 413);
  EXPECT_EQ(status(Chunked("1;" + std::string(290, 'x') + "\r\na\r\n0\r\n\r\n")), 0);
  EXPECT_EQ(status(Chunked("1;" + std::string(310, 'x') + "\r\na\r\n0\r\n\r\n")), 400);
  EXPECT_EQ(status(Chunked("0\r\nX: " + std::string(310, 'x') + "\r\n\r\n")), 431);
  EXPECT_EQ(status(Chunked("0\r\nX: " + std::string(200, 'x') + "\r\n\r\n")), 0);

  const auto fields = [](size_t count) {
    std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (size_t i = 1; i < count; ++i) text += "a:\r\n";
    return text + "\r\n";
  };
  EXPECT_EQ(Feed({fields(SHttpRequest::kMaxFields)}).status, 0);
  EXPECT_EQ(Feed({fields(SHttpRequest::kMaxFields + 1)}).status, 431);
  limits.headBytes = 1 << 20;
  EXPECT_EQ(Feed({Get("X: " + std::string(SHttpLimits::kMaxHeadBytes, 'x') + "\r\n")}, limits).status, 431);
}

TEST(CHttpParserTest, AHeadWithABodyIsShownFirst) {
  const std::string stream = Post("Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n");
  for (size_t at = 1; at <= stream.size(); ++at) {
    CHttpParser parser;
    SHttpRequest request;
    CHttpParser::SStep step;
    for (std::string_view piece : {std::string_view(stream).substr(0, at), std::string_view(stream).substr(at)}) {
      step = parser.Next(piece, {}, request);
      if (step.what != EHttpStep::kNeedsMore) break;
    }
    ASSERT_EQ(step.what, EHttpStep::kHead) << "the method may be refused before the length is";
    EXPECT_TRUE(request.expectsContinue);
    EXPECT_EQ(request.contentLength, 99999999U);
    EXPECT_EQ(request.method, EHttpMethod::kPost);
    EXPECT_TRUE(parser.HasPartial());
  }
}

TEST(CHttpParserTest, AWholeRequestIsGivenInPlace) {
  const std::string stream = Get("X: y\r\n") + Post("Content-Length: 3\r\n\r\nabc");
  const auto isInside = [&stream](std::string_view view) {
    return view.data() >= stream.data() && view.data() + view.size() <= stream.data() + stream.size();
  };
  CHttpParser parser;
  SHttpRequest request;
  std::string_view input(stream);
  for (const EHttpStep expected : {EHttpStep::kRequest, EHttpStep::kHead, EHttpStep::kRequest}) {
    const CHttpParser::SStep step = parser.Next(input, {}, request);
    ASSERT_EQ(step.what, expected);
    EXPECT_TRUE(isInside(request.target) && isInside(request.head));
    EXPECT_EQ(parser.PartialCapacity(), 0U);
    input.remove_prefix(step.eaten);
  }
  EXPECT_TRUE(isInside(request.body));
  EXPECT_EQ(request.body, "abc");
}

TEST(CHttpParserTest, KnowsWhenARequestIsUnderWay) {
  CHttpParser parser;
  SHttpRequest request;
  EXPECT_FALSE(parser.HasPartial());
  parser.Next("G", {}, request);
  EXPECT_TRUE(parser.HasPartial());
  parser.Clear();
  EXPECT_FALSE(parser.HasPartial());
  EXPECT_EQ(parser.PartialCapacity(), 0U);
  EXPECT_EQ(parser.Next(Get(""), {}, request).what, EHttpStep::kRequest);
  EXPECT_FALSE(parser.HasPartial());
}

// All connections share one request, which another one fills in between, from storage that is gone then.
TEST(CHttpParserTest, ARefusedBodyIsToldOfItsOwnRequest) {
  const struct {
    std::string head;
    std::string body;
    int status;
  } cases[] = {
      {Chunked(""), "zz\r\n", 400},
      {Chunked(""), "9\r\n123456789", 413},
      {Post("Content-Length: 9\r\n\r\n"), "1", 413},
  };
  const SHttpLimits limits{1000, 1000, 8};
  for (const auto& [head, body, status] : cases) {
    SHttpRequest shared;
    CHttpParser parser;
    // In two pieces, so that the head is kept, and seen before the body is.
    ASSERT_EQ(parser.Next(head.substr(0, 5), limits, shared).what, EHttpStep::kNeedsMore);
    ASSERT_EQ(parser.Next(head.substr(5), limits, shared).what, EHttpStep::kHead);
    {
      CHttpParser other;
      other.Next("GET /other HTTP/1.1\r\n", limits, shared);
      ASSERT_EQ(other.Next("Host: h\r\n\r\n", limits, shared).what, EHttpStep::kRequest);
      ASSERT_EQ(shared.target, "/other");
    }
    const CHttpParser::SStep step = parser.Next(body, limits, shared);
    EXPECT_EQ(step.what, EHttpStep::kBad);
    EXPECT_EQ(step.verdict.status, status);
    EXPECT_EQ(shared.target, "/x");
    EXPECT_EQ(shared.head, head);
  }
}

TEST(CHttpParserTest, FieldsAreFoundInAnyLetters) {
  const std::string stream = Get("If-None-Match: \"a\"\r\nif-none-match: \"b\"\r\n");
  CHttpParser parser;
  SHttpRequest request;
  ASSERT_EQ(parser.Next(stream, {}, request).what, EHttpStep::kRequest);
  EXPECT_EQ(request.Find("if-none-match"), "\"a\"");
  EXPECT_EQ(request.Find("host"), "h");
  EXPECT_FALSE(request.Find("if-match").has_value());
  EXPECT_TRUE(IsHttpName("A-z", "a-z"));
  EXPECT_FALSE(IsHttpName("M", "\r"));
  EXPECT_FALSE(IsHttpName("\x0d", "-"));
}

}  // namespace
}  // namespace switchboard
