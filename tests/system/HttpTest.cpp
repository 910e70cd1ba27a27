// Files over HTTP/1.1, by the real server over real sockets.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <string>
#include <thread>

#include "tests/support/CHttpTestClient.h"
#include "tests/system/CHttpSystemTest.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

namespace fs = std::filesystem;

using CHttpTest = CHttpSystemTest;

TEST_F(CHttpTest, ServesFilesWithWhatBelongsToThem) {
  Write("a/page.html", "<p>");
  CServerProcess& server = Serve({"listener.0.headers=[\"X-Served-By: test\"]"});
  CHttpTestClient client(server.Port());
  const SHttpAnswer small = client.Ask("/small.txt");
  EXPECT_EQ(small.status, 200);
  EXPECT_EQ(small.body, "0123456789");
  EXPECT_EQ(small.Field("content-type"), "text/plain");
  EXPECT_EQ(small.Field("accept-ranges"), "bytes");
  EXPECT_EQ(small.Field("x-served-by"), "test");
  EXPECT_EQ(small.Field("connection"), "");
  EXPECT_NE(small.Field("date"), "");
  EXPECT_NE(small.Field("last-modified"), "");
  EXPECT_NE(small.Field("etag"), "");
  EXPECT_EQ(client.Ask("/").body, "<h1>home</h1>");
  EXPECT_EQ(client.Ask("/a/page.html?x=1").Field("content-type"), "text/html");
  EXPECT_EQ(client.Ask("/%61/./b/../page.html").body, "<p>");
  const SHttpAnswer folder = client.Ask("/a?x=1");
  EXPECT_EQ(folder.status, 301);
  EXPECT_EQ(folder.Field("location"), "/a/?x=1");
}

TEST_F(CHttpTest, TextIsToldItsCharset) {
  Write("data.json", "{}");
  CServerProcess& server = Serve({"listener.0.charset=utf-8"});
  CHttpTestClient client(server.Port());
  EXPECT_EQ(client.Ask("/small.txt").Field("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(client.Ask("/").Field("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(client.Ask("/data.json").Field("content-type"), "application/json");
}

TEST_F(CHttpTest, HeadHasTheSameHeadAndNoBody) {
  CServerProcess& server = Serve();
  CHttpTestClient client(server.Port());
  const SHttpAnswer whole = client.Ask("/small.txt");
  ASSERT_TRUE(client.Send(CHttpTestClient::Request("HEAD", "/small.txt")));
  const SHttpAnswer head = client.Receive(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Field("content-length"), "10");
  EXPECT_EQ(head.Field("etag"), whole.Field("etag"));
  ASSERT_TRUE(client.Send(CHttpTestClient::Request("HEAD", "/none")));
  EXPECT_EQ(client.Receive(true).status, 404);
  EXPECT_EQ(client.Ask("/small.txt").body, "0123456789");
}

TEST_F(CHttpTest, TheConnectionLivesAsLongAsTheClientWants) {
  CServerProcess& server = Serve();
  CHttpTestClient modern(server.Port());
  EXPECT_EQ(modern.Ask("/small.txt").status, 200);
  EXPECT_EQ(modern.Ask("/small.txt", "Connection: close\r\n").Field("connection"), "close");
  EXPECT_TRUE(modern.IsClosed());
  CHttpTestClient old(server.Port());
  ASSERT_TRUE(old.Send("GET /small.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  EXPECT_EQ(old.Receive().Field("connection"), "keep-alive");
  ASSERT_TRUE(old.Send("GET /small.txt HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(old.Receive().body, "0123456789");
  EXPECT_TRUE(old.IsClosed());
  CHttpTestClient halfClosed(server.Port());
  ASSERT_TRUE(halfClosed.Get("/small.txt"));
  halfClosed.Socket().ShutdownWrite();
  EXPECT_EQ(halfClosed.Receive().body, "0123456789");
  EXPECT_TRUE(halfClosed.IsClosed());
  EXPECT_TRUE(server.WaitForCount(ECloseReason::kAnswered, 2));
}

struct SRefusal {
  const char* p_request;
  int status;
  bool isClosed;
};

TEST_F(CHttpTest, EachErrorHasItsStatus) {
  fs::create_directories(Root() / "empty");
  Write("secret", "x");
  fs::create_symlink("/etc/passwd", Root() / "outside");
  CServerProcess& server = Serve({"listener.0.head_bytes=16384", "listener.0.body_bytes=100"});
  const std::string longLine = "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: t\r\n\r\n";
  const std::string longHead = "GET / HTTP/1.1\r\nHost: t\r\nX: " + std::string(17000, 'a') + "\r\n\r\n";
  const std::vector<SRefusal> refusals = {
      {"GET /none HTTP/1.1\r\nHost: t\r\n\r\n", 404, false},
      {"GET /empty/ HTTP/1.1\r\nHost: t\r\n\r\n", 403, false},
      {"GET /outside HTTP/1.1\r\nHost: t\r\n\r\n", 403, false},
      {"GET /.git/config HTTP/1.1\r\nHost: t\r\n\r\n", 404, false},
      {"GET /small.txt/x HTTP/1.1\r\nHost: t\r\n\r\n", 404, false},
      {"GET /../etc/passwd HTTP/1.1\r\nHost: t\r\n\r\n", 400, false},
      {"GET /%2e%2e/secret HTTP/1.1\r\nHost: t\r\n\r\n", 400, false},
      {"GET /%zz HTTP/1.1\r\nHost: t\r\n\r\n", 400, false},
      {"DELETE /small.txt HTTP/1.1\r\nHost: t\r\n\r\n", 405, false},
      {"POST /small.txt HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc", 405, false},
      {"POST /small.txt HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 405, false},
      {"OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n", 405, false},
      {"GET /small.txt HTTP/1.1\r\nHost: t\r\nRange: bytes=10-\r\n\r\n", 416, false},
      {"GET /small.txt HTTP/1.1\r\nHost: t\r\nIf-Match: \"x\"\r\n\r\n", 412, false},
      {"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 101\r\n\r\n", 413, true},
      {longLine.c_str(), 414, true},
      {longHead.c_str(), 431, true},
      {"BREW / HTTP/1.1\r\nHost: t\r\n\r\n", 501, true},
      {"GET / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501, true},
      {"GET / HTTP/2.0\r\nHost: t\r\n\r\n", 505, true},
      {"GET / HTTP/1.1\r\n\r\n", 400, true},
      {"GET / HTTP/1.1\nHost: t\n\n", 400, true},
      {"GET /index.html HTTP/1.1\r\nHost: a:b\r\n\r\n", 400, true},
      {"GET /index.html HTTP/1.1\r\nHost: a:80:80\r\n\r\n", 400, true},
      {"GET /index.html HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, true},
      {"GET https://t/ HTTP/1.1\r\nHost: t\r\n\r\n", 421, true},
      {"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n", 400, true},
      {"POST /index.html HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nXT\r\n\r\n", 400, true},
      {"GET / HTTP/1.1\r\nHost : t\r\n\r\n", 400, true},
      {"GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, true},
      {"GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400, true},
  };
  for (const SRefusal& refusal : refusals) {
    SCOPED_TRACE(std::string(refusal.p_request).substr(0, 60));
    CHttpTestClient client(server.Port());
    ASSERT_TRUE(client.Send(refusal.p_request));
    const SHttpAnswer answer = client.Receive();
    EXPECT_EQ(answer.status, refusal.status);
    EXPECT_EQ(answer.Field("connection"), refusal.isClosed ? "close" : "");
    if (refusal.isClosed) {
      EXPECT_TRUE(client.IsClosed());
    } else {
      EXPECT_EQ(client.Ask("/small.txt").body, "0123456789");
    }
  }
}

TEST_F(CHttpTest, ConditionsAndRanges) {
  const std::string large = Pattern(300000);
  Write("large.bin", large);
  CServerProcess& server = Serve();
  CHttpTestClient client(server.Port());
  for (const char* target : {"/small.txt", "/large.bin"}) {
    SCOPED_TRACE(target);
    const SHttpAnswer whole = client.Ask(target);
    const std::string& body = whole.body;
    const std::string size = std::to_string(body.size());
    const std::string etag = whole.Field("etag");
    const SHttpAnswer same = client.Ask(target, "If-None-Match: " + etag + "\r\n");
    EXPECT_EQ(same.status, 304);
    EXPECT_EQ(same.Field("etag"), etag);
    EXPECT_EQ(client.Ask(target, "If-Modified-Since: " + whole.Field("last-modified") + "\r\n").status, 304);
    EXPECT_EQ(client.Ask(target, "If-None-Match: \"other\"\r\n").body, body);

    const SHttpAnswer part = client.Ask(target, "Range: bytes=2-5\r\n");
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.body, body.substr(2, 4));
    EXPECT_EQ(part.Field("content-range"), "bytes 2-5/" + size);
    EXPECT_EQ(client.Ask(target, "Range: bytes=-3\r\n").body, body.substr(body.size() - 3));
    EXPECT_EQ(client.Ask(target, "Range: bytes=4-\r\n").body, body.substr(4));
    EXPECT_EQ(client.Ask(target, "Range: bytes=4-\r\nIf-Range: \"other\"\r\n").body, body);

    const SHttpAnswer parts = client.Ask(target, "Range: bytes=0-1,5-7\r\n");
    EXPECT_EQ(parts.status, 206);
    const std::string type = parts.Field("content-type");
    ASSERT_TRUE(type.starts_with("multipart/byteranges; boundary=")) << type;
    const std::string boundary = "\r\n--" + type.substr(type.find('=') + 1);
    std::string expected;
    for (const auto& [from, bytes] : {std::pair<size_t, size_t>{0, 2}, {5, 3}}) {
      expected += boundary + "\r\nContent-Type: " + whole.Field("content-type") + "\r\nContent-Range: bytes " +
                  std::to_string(from) + "-" + std::to_string(from + bytes - 1) + "/" + size + "\r\n\r\n" +
                  body.substr(from, bytes);
    }
    EXPECT_EQ(parts.body, expected + boundary + "--\r\n");
    EXPECT_EQ(client.Ask(target, "Range: bytes=900000-\r\n").Field("content-range"), "bytes */" + size);
  }
}

TEST_F(CHttpTest, PrecompressedFilesGoToThoseWhoTakeThem) {
  Write("app.js", "plain");
  Write("app.js.gz", "packed");
  CServerProcess& server = Serve();
  CHttpTestClient client(server.Port());
  const SHttpAnswer plain = client.Ask("/app.js");
  EXPECT_EQ(plain.body, "plain");
  EXPECT_EQ(plain.Field("vary"), "Accept-Encoding");
  const SHttpAnswer packed = client.Ask("/app.js", "Accept-Encoding: gzip, br\r\n");
  EXPECT_EQ(packed.body, "packed");
  EXPECT_EQ(packed.Field("content-encoding"), "gzip");
  EXPECT_EQ(packed.Field("vary"), "Accept-Encoding");
  EXPECT_EQ(packed.Field("content-type"), plain.Field("content-type"));
  EXPECT_NE(packed.Field("etag"), plain.Field("etag"));
  EXPECT_EQ(client.Ask("/app.js", "Accept-Encoding: gzip;q=0\r\n").body, "plain");
}

TEST_F(CHttpTest, ListsFoldersIfItMay) {
  Write("folder/a & b.txt", "x");
  CServerProcess& server = Serve({"listener.0.listing=true"});
  CHttpTestClient client(server.Port());
  const SHttpAnswer page = client.Ask("/folder/");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("a%20%26%20b.txt"), std::string::npos) << page.body;
  EXPECT_NE(page.body.find("a &amp; b.txt"), std::string::npos) << page.body;
  EXPECT_EQ(client.Ask("/").body, "<h1>home</h1>");
}

TEST_F(CHttpTest, ChangedFilesAreNoticed) {
  CServerProcess& server = Serve();
  CHttpTestClient client(server.Port());
  const std::string etag = client.Ask("/small.txt").Field("etag");
  Write("small.txt", "another");
  EXPECT_TRUE(Eventually([&] { return client.Ask("/small.txt").body == "another"; }));
  EXPECT_NE(client.Ask("/small.txt").Field("etag"), etag);
  fs::remove(Root() / "small.txt");
  EXPECT_TRUE(Eventually([&] { return client.Ask("/small.txt").status == 404; }));
  Write("small.txt", "back");
  EXPECT_TRUE(Eventually([&] { return client.Ask("/small.txt").body == "back"; }));
}

TEST_F(CHttpTest, RequestsThatComeInPiecesAreAnswered) {
  CServerProcess& server = Serve();
  CHttpTestClient client(server.Port());
  const std::string request = CHttpTestClient::Request("GET", "/small.txt") +
                              CHttpTestClient::Request("POST", "/", "Content-Length: 4\r\n") + "abcd" +
                              CHttpTestClient::Request("GET", "/index.html");
  for (size_t i = 0; i < request.size(); ++i) {
    ASSERT_TRUE(client.Send(std::string_view(request).substr(i, 1)));
    const uint64_t sent = i + 1;
    ASSERT_TRUE(server.WaitForCount(ECounter::kBytesReceived, sent));
  }
  EXPECT_EQ(client.Receive().body, "0123456789");
  EXPECT_EQ(client.Receive().status, 405);
  EXPECT_EQ(client.Receive().body, "<h1>home</h1>");
  ASSERT_TRUE(client.Send(CHttpTestClient::Request("GET", "/", "Content-Length: 4\r\nExpect: 100-continue\r\n")));
  EXPECT_EQ(client.Receive().status, 100);
  ASSERT_TRUE(client.Send("abcd"));
  EXPECT_EQ(client.Receive().body, "<h1>home</h1>");
  const std::string fields = "Content-Length: 99999999\r\nExpect: 100-continue\r\n";
  ASSERT_TRUE(client.Send(CHttpTestClient::Request("GET", "/", fields)));
  EXPECT_EQ(client.Receive().status, 413) << "nobody is asked to send what is refused";
}

// A sender that never reads until all is sent: the server must bound what it holds, and lose nothing.
TEST_F(CHttpTest, PipelinedRequestsAreAnsweredInOrder) {
  constexpr uint32_t kRequests = 100000 / kFewer;
  for (int i = 0; i < 10; ++i) Write("f" + std::to_string(i), "file " + std::to_string(i) + std::string(1000, 'x'));
  const std::string large = Pattern(100000);
  Write("large", large);
  CServerProcess& server = Serve();
  CHttpTestClient client(server.Port());
  std::thread sender([&] {
    std::string batch;
    for (uint32_t i = 0; i < kRequests; ++i) {
      batch += CHttpTestClient::Request("GET", i % 1000 == 999 ? "/large" : "/f" + std::to_string(i % 10));
      if (batch.size() < 50000 && i + 1 < kRequests) continue;
      EXPECT_TRUE(client.Send(batch));
      batch.clear();
    }
  });
  for (uint32_t i = 0; i < kRequests && !HasFailure(); ++i) {
    const SHttpAnswer answer = client.Receive();
    if (i % 1000 == 999) {
      EXPECT_TRUE(answer.body == large) << i;
    } else {
      EXPECT_EQ(answer.body.substr(0, 6), "file " + std::to_string(i % 10)) << i;
    }
  }
  sender.join();
  EXPECT_TRUE(server.WaitForCount(ECounter::kPacketsReplied, kRequests));
  EXPECT_LT(server.Count(ECounter::kSends), kRequests / 4);
}

TEST_F(CHttpTest, ALargeFileArrivesWholeAtFastAndSlowReaders) {
  const std::string large = Pattern(20000000);
  Write("large.bin", large);
  CServerProcess& server = Serve();
  CHttpTestClient slow(server.Port(), 4096);
  ASSERT_TRUE(slow.Get("/large.bin"));
  CHttpTestClient fast(server.Port());
  EXPECT_TRUE(fast.Ask("/large.bin").body == large);
  // While the slow one has its file ahead of it, others are served, and the server holds next to nothing for it.
  EXPECT_EQ(fast.Ask("/small.txt").body, "0123456789");
  const auto state = StateOf(server.WorkerPid());
  ASSERT_TRUE(state.has_value());
  if (!kIsSanitized) {
    EXPECT_LT(state->residentBytes, 60U * 1024 * 1024);
  }
  EXPECT_TRUE(slow.Receive().body == large);
  ASSERT_TRUE(slow.Get("/large.bin", "Connection: close\r\n"));
  EXPECT_TRUE(slow.Receive().body == large);
  EXPECT_TRUE(slow.IsClosed());
}

TEST_F(CHttpTest, AReaderThatStallsIsClosed) {
  Write("large.bin", Pattern(20000000));
  CServerProcess& server = Serve({"listener.0.idle_timeout_s=0.3"});
  CHttpTestClient client(server.Port(), 4096);
  ASSERT_TRUE(client.Get("/large.bin"));
  EXPECT_TRUE(server.WaitForCount(ECloseReason::kTooSlow, 1));
}

TEST_F(CHttpTest, ASenderThatStallsIsToldAndClosed) {
  CServerProcess& server = Serve({"limits.packet_timeout_s=0.3"});
  for (const char* begun : {"G", "GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc"}) {
    CHttpTestClient client(server.Port());
    EXPECT_EQ(client.Ask("/small.txt").status, 200);
    ASSERT_TRUE(client.Send(begun));
    const SHttpAnswer answer = client.Receive();
    EXPECT_EQ(answer.status, 408) << begun;
    EXPECT_EQ(answer.Field("connection"), "close");
    EXPECT_TRUE(client.IsClosed());
  }
  EXPECT_TRUE(server.WaitForCount(ECloseReason::kPacketTimeout, 3));
}

TEST_F(CHttpTest, IdleConnectionsAreClosed) {
  CServerProcess& server = Serve({"listener.0.idle_timeout_s=0.3", "heartbeat.enabled=false"});
  CHttpTestClient used(server.Port());
  EXPECT_EQ(used.Ask("/small.txt").status, 200);
  CHttpTestClient unused(server.Port());
  EXPECT_TRUE(used.IsClosed());
  EXPECT_TRUE(unused.IsClosed());
  EXPECT_TRUE(server.WaitForCount(ECloseReason::kHeartbeat, 2));
}

// What was announced can't come: the connection ends, others don't notice.
TEST_F(CHttpTest, AFileThatShrinksEndsItsConnectionAlone) {
  Write("shrinks.bin", Pattern(20000000));
  CServerProcess& server = Serve();
  CHttpTestClient other(server.Port());
  EXPECT_EQ(other.Ask("/small.txt").status, 200);
  CHttpTestClient client(server.Port(), 4096);
  ASSERT_TRUE(client.Get("/shrinks.bin"));
  ASSERT_TRUE(client.ReceiveBytes(1000).starts_with("HTTP/1.1 200 OK"));
  fs::resize_file(Root() / "shrinks.bin", 1000);
  size_t received = 0;
  for (std::string some = client.ReceiveBytes(1000000); !some.empty(); some = client.ReceiveBytes(1000000)) {
    received += some.size();
  }
  EXPECT_LT(received, 20000000U);
  EXPECT_TRUE(server.WaitForCount(ECloseReason::kFileChanged, 1));
  EXPECT_EQ(other.Ask("/small.txt").body, "0123456789");
}

TEST_F(CHttpTest, AFileThatVanishesIsSentToItsEnd) {
  const std::string large = Pattern(20000000);
  Write("vanishes.bin", large);
  CServerProcess& server = Serve();
  CHttpTestClient client(server.Port(), 4096);
  ASSERT_TRUE(client.Get("/vanishes.bin"));
  ASSERT_TRUE(server.WaitForCount(ECounter::kBytesSent, 1));
  fs::remove(Root() / "vanishes.bin");
  EXPECT_TRUE(client.Receive().body == large);
  EXPECT_TRUE(Eventually([&] { return client.Ask("/vanishes.bin").status == 404; }));
}

TEST_F(CHttpTest, AReloadFinishesWhatIsInHandAndClosesTheIdle) {
  const std::string large = Pattern(20000000);
  Write("large.bin", large);
  CServerProcess& server = Serve({"server.shutdown_timeout_s=60"});
  CHttpTestClient idle(server.Port());
  EXPECT_EQ(idle.Ask("/small.txt").status, 200);
  CHttpTestClient begun(server.Port());
  ASSERT_TRUE(begun.Send("GET /small.txt HTTP/1.1\r\nHost:"));
  CHttpTestClient loading(server.Port(), 4096);
  ASSERT_TRUE(loading.Get("/large.bin"));
  ASSERT_TRUE(server.WaitForCount(ECounter::kPacketsReplied, 2));
  const pid_t before = server.WorkerPid();
  server.Signal(SIGHUP);
  EXPECT_TRUE(idle.IsClosed());
  ASSERT_TRUE(begun.Send(" t\r\n\r\n"));
  const SHttpAnswer last = begun.Receive();
  EXPECT_EQ(last.body, "0123456789");
  EXPECT_EQ(last.Field("connection"), "close");
  EXPECT_TRUE(begun.IsClosed());
  EXPECT_TRUE(loading.Receive().body == large);
  EXPECT_TRUE(loading.IsClosed());
  EXPECT_TRUE(server.WaitForNewWorker(0, before));
  CHttpTestClient next(server.Port());
  EXPECT_EQ(next.Ask("/small.txt").body, "0123456789");
}

TEST_F(CHttpTest, WithoutGoAwayAReloadFinishesWhatIsBegunAllTheSame) {
  SServerOptions options;
  options.listeners = 2;
  options.overrides = {"listener.1.port=0",        "listener.1.address=127.0.0.1",
                       "listener.1.protocol=http", "listener.1.root=" + Root().string(),
                       "protocol.goaway=false",    "server.shutdown_timeout_s=60"};
  CServerProcess& server = Start(options);
  CTestClient packets(server.Port(0));
  ExpectServed(packets);
  CHttpTestClient idle(server.Port(1));
  EXPECT_EQ(idle.Ask("/small.txt").status, 200);
  CHttpTestClient begun(server.Port(1));
  const uint64_t before = server.Count(ECounter::kReceives);
  ASSERT_TRUE(begun.Send("GET /small.txt HTTP/1.1\r\nHost:"));
  ASSERT_TRUE(server.WaitForCount(ECounter::kReceives, before + 1));
  server.Signal(SIGHUP);
  EXPECT_TRUE(idle.IsClosed());
  EXPECT_TRUE(packets.WaitForClose()) << "packet clients aren't asked";
  ASSERT_TRUE(begun.Send(" t\r\n\r\n"));
  const SHttpAnswer last = begun.Receive();
  EXPECT_EQ(last.body, "0123456789");
  EXPECT_EQ(last.Field("connection"), "close");
  EXPECT_TRUE(begun.IsClosed());
}

TEST_F(CHttpTest, TheAccessLogTellsOfTheRequestWhoseBodyIsBad) {
  CServerProcess& server = Serve({"listener.0.access_log=access.log", "server.workers=1"});
  const auto send = [&](CHttpTestClient& client, std::string_view text) {
    const uint64_t before = server.Count(ECounter::kBytesReceived);
    return client.Send(text) && server.WaitForCount(ECounter::kBytesReceived, before + text.size());
  };
  CHttpTestClient bad(server.Port());
  CHttpTestClient good(server.Port());
  ASSERT_TRUE(send(bad, CHttpTestClient::Request("POST", "/bad", "Transfer-Encoding: chunked\r\n")));
  ASSERT_TRUE(send(good, "GET /small.txt HTTP/1.1\r\n"));
  ASSERT_TRUE(send(good, "Host: t\r\n\r\n"));
  EXPECT_EQ(good.Receive().status, 200);
  ASSERT_TRUE(send(bad, "zz\r\n"));
  EXPECT_EQ(bad.Receive().status, 400);
  ASSERT_TRUE(Eventually([&] { return AccessLog().size() == 2; }));
  EXPECT_NE(AccessLog()[1].find("\"POST /bad HTTP/1.1\" 400 "), std::string::npos) << AccessLog()[1];
}

TEST_F(CHttpTest, TheAccessLogHasALineForEachAnswer) {
  CServerProcess& server = Serve({"listener.0.access_log=access.log"});
  CHttpTestClient client(server.Port());
  EXPECT_EQ(client.Ask("/small.txt", "Referer: http://x/\"\r\nUser-Agent: me/1\r\n").status, 200);
  EXPECT_EQ(client.Ask("/none").status, 404);
  ASSERT_TRUE(client.Send("GARBAGE\r\n\r\n"));
  EXPECT_EQ(client.Receive().status, 400);
  ASSERT_TRUE(Eventually([&] { return AccessLog().size() == 3; }));
  const std::vector<std::string> lines = AccessLog();
  EXPECT_TRUE(lines[0].starts_with("127.0.0.1 - - [")) << lines[0];
  EXPECT_TRUE(lines[0].ends_with("] \"GET /small.txt HTTP/1.1\" 200 10 \"http://x/\\x22\" \"me/1\"")) << lines[0];
  EXPECT_NE(lines[1].find("\"GET /none HTTP/1.1\" 404 "), std::string::npos) << lines[1];
  EXPECT_NE(lines[2].find(" 400 "), std::string::npos) << lines[2];

  fs::rename(Folder() / "access.log", Folder() / "access.old");
  server.Signal(SIGUSR1);
  CHttpTestClient another(server.Port());
  EXPECT_TRUE(Eventually([&] { return another.Ask("/small.txt").status == 200 && !AccessLog().empty(); }));
}

TEST_F(CHttpTest, OneServerSpeaksBothProtocols) {
  SServerOptions options;
  options.listeners = 2;
  options.overrides = {"listener.1.port=0", "listener.1.address=127.0.0.1", "listener.1.protocol=http",
                       "listener.1.root=" + Root().string()};
  CServerProcess& server = Start(options);
  CTestClient packets(server.Port(0));
  CHttpTestClient http(server.Port(1));
  for (int i = 0; i < 10; ++i) {
    ExpectServed(packets);
    EXPECT_EQ(http.Ask("/small.txt").body, "0123456789");
  }
}

TEST_F(CHttpTest, ARootThatIsNoFolderStopsTheStart) {
  const SRunResult result = RunServer({"listener.0.protocol=http", "listener.0.root=nowhere"});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_NE(result.errors.find("listener.0.root: nowhere is not a directory"), std::string::npos) << result.errors;
}

}  // namespace
}  // namespace switchboard
