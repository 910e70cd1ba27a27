// The server as other people's clients see it: curl, wrk and a browser, from Debian's packages of these names.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/system/CHttpSystemTest.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

class CHttpClientsTest : public CHttpSystemTest {
 protected:
  static std::string Url(const CServerProcess& server, const std::string& path) {
    return "http://127.0.0.1:" + std::to_string(server.Port()) + path;
  }
  // What curl prints; fails when it does.
  std::string Curl(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"curl", "--silent", "--show-error", "--max-time", "60", "--noproxy", "*"});
    const SCommandResult result = RunCommand(arguments);
    EXPECT_EQ(result.exitCode, 0) << result.errors;
    return result.output;
  }
  void Pack(const std::string& path) const {
    EXPECT_EQ(RunCommand({"gzip", "--keep", (Root() / path).string()}).exitCode, 0);
  }
};

TEST_F(CHttpClientsTest, CurlGetsWhatItAsksFor) {
  const std::string large = Pattern(3'000'000);
  Write("large.bin", large);
  Write("text.txt", std::string(10000, 'a'));
  CServerProcess& server = Serve();
  EXPECT_EQ(Curl({Url(server, "/small.txt"), Url(server, "/"), "--write-out", " %{num_connects} "}),
            "0123456789 1 <h1>home</h1> 0 ")
      << "one connection for both";
  EXPECT_EQ(Curl({"--head", "--write-out", "%{http_code}", "--output", "head", Url(server, "/large.bin")}), "200");
  EXPECT_EQ(Curl({"--range", "2-4", Url(server, "/small.txt")}), "234");
  EXPECT_EQ(Curl({"--http1.0", Url(server, "/small.txt")}), "0123456789");
  EXPECT_EQ(Curl({"--path-as-is", "--write-out", "%{http_code}", "--output", "page", Url(server, "/../small.txt")}),
            "400");

  // A download that was cut off goes on where it ended.
  std::ofstream(Folder() / "got.bin", std::ios::binary) << large.substr(0, 1'000'000);
  Curl({"--continue-at", "-", "--remote-time", "--output", "got.bin", Url(server, "/large.bin")});
  EXPECT_TRUE(ReadFile(Folder() / "got.bin") == large);
  EXPECT_EQ(Curl({"--time-cond", (Folder() / "got.bin").string(), "--write-out", "%{http_code}", "--output", "again",
                  Url(server, "/large.bin")}),
            "304");
}

TEST_F(CHttpClientsTest, CurlSendsBodiesAndUnpacks) {
  Write("text.txt", std::string(10000, 'a'));
  Pack("text.txt");
  CServerProcess& server = Serve();
  EXPECT_EQ(Curl({"--compressed", Url(server, "/text.txt"), "--write-out", " %{size_download}"}).substr(0, 10001),
            std::string(10000, 'a') + " ");
  EXPECT_LT(Curl({"--compressed", Url(server, "/text.txt"), "--write-out", "%{size_download}", "--output", "t"}).size(),
            4U);
  EXPECT_EQ(Curl({"--data", "x=1", Url(server, "/route/echo?q=")}), "q=x=1");
  const std::string body(50000, 'b');
  std::ofstream(Folder() / "body") << body;
  for (const char* field : {"Expect: 100-continue", "Transfer-Encoding: chunked", "Expect:"}) {
    EXPECT_TRUE(Curl({"--header", field, "--data-binary", "@body", Url(server, "/route/echo")}) == body) << field;
  }
}

TEST_F(CHttpClientsTest, WrkFindsNoError) {
  CServerProcess& server = Serve();
  for (const char* path : {"/small.txt", "/route/where"}) {
    const SCommandResult result =
        RunCommand({"wrk", "--threads", "1", "--connections", "50", "--duration", "1s", Url(server, path)});
    EXPECT_EQ(result.exitCode, 0) << result.errors;
    EXPECT_NE(result.output.find("Requests/sec"), std::string::npos) << result.output;
    EXPECT_EQ(result.output.find("Non-2xx"), std::string::npos) << result.output;
    // Its time-outs are two seconds, which a busy machine may take.
    const size_t errors = result.output.find("Socket errors: ");
    if (errors != std::string::npos) {
      EXPECT_NE(result.output.find("connect 0, read 0, write 0", errors), std::string::npos) << result.output;
    }
  }
  EXPECT_GT(server.Count(ECounter::kPacketsReplied), 0U);
}

#ifdef SWITCHBOARD_HAS_BROWSER
// The header of an uncompressed 24-bit picture, and its bytes.
std::string Bitmap(uint32_t width, uint32_t height) {
  const uint32_t rowBytes = (width * 3 + 3) / 4 * 4;
  const uint32_t bytes = rowBytes * height;
  std::string text = "BM";
  const auto put = [&](uint32_t value, int size) {
    for (int i = 0; i < size; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  };
  put(54 + bytes, 4);
  put(0, 4);
  put(54, 4);
  put(40, 4);
  put(width, 4);
  put(height, 4);
  put(1, 2);
  put(24, 2);
  for (const uint32_t value : {0U, bytes, 2835U, 2835U, 0U, 0U}) put(value, 4);
  return text + Pattern(bytes);
}

TEST_F(CHttpClientsTest, ABrowserLoadsAPageWithImages) {
  constexpr int kImages = 30;
  Write("style.css", "body { color: rgb(1, 2, 3) }");
  Write("page.js",
        "window.onload = () => {\n"
        "  const images = [...document.images];\n"
        "  const widths = images.reduce((sum, image) => sum + image.naturalWidth, 0);\n"
        "  document.title = `${images.length} images, ${widths} wide, ${getComputedStyle(document.body).color}`;\n"
        "}\n");
  Pack("page.js");
  std::string page =
      "<!DOCTYPE html><title>no</title><link rel=stylesheet href=style.css><script src=page.js></script>";
  for (int i = 0; i < kImages; ++i) {
    const std::string name = "images/b ild " + std::to_string(i) + ".bmp";
    Write(name, Bitmap(i == 0 ? 700 : 10, i == 0 ? 700 : 10));
    page += "<img src='" + name + "'>";
  }
  Write("page.html", page);
  CServerProcess& server = Serve({"listener.0.access_log=access.log"});
  const SCommandResult result = RunCommand(
      {"chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
       "--disable-background-networking", "--disable-component-update", "--no-proxy-server",
       "--user-data-dir=" + (Folder() / "browser").string(), "--dump-dom", Url(server, "/page.html")});
  EXPECT_EQ(result.exitCode, 0) << result.errors;
  EXPECT_NE(result.output.find("<title>30 images, 990 wide, rgb(1, 2, 3)</title>"), std::string::npos)
      << result.output.substr(0, 500) << result.errors;
  EXPECT_TRUE(Eventually([&] { return AccessLog().size() >= kImages + 3; }));
}
#endif

}  // namespace
}  // namespace switchboard
