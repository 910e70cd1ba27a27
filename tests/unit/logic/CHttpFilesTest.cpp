#include "logic/CHttpFiles.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "logic/CLogic.h"
#include "tests/support/CHttpTestClient.h"
#include "tests/support/CTemporaryFolder.h"
#include "tests/support/CTestNetwork.h"

namespace switchboard {
namespace {

// As users write it who don't know of CHttpFiles.
class CPlainLogic : public CLogic {
 public:
  CPlainLogic() { OnHttp("/route", &CPlainLogic::HandleRoute); }

 private:
  bool HandleRoute(CHttpRequest& request) { return request.Reply("", "a route"); }
};

class CBoundLogic : public CPlainLogic {
 public:
  CBoundLogic() { Use<CHttpFiles>().OnlyOn("public").OnlyOn("also"); }
};

class CTwiceLogic : public CLogic {
 public:
  CTwiceLogic() {
    Use<CHttpFiles>();
    Use<CHttpFiles>().OnlyOn("public");
  }
};

class CSplitLogic : public CLogic {
 public:
  CSplitLogic() {
    Use<CHttpFiles>().OnlyOn("public");
    Use<CHttpFiles>().OnlyOn("other").RunOn(Pool("disk"));
  }
};

class CHttpFilesTest : public testing::Test {
 protected:
  CHttpFilesTest() {
    m_folder.Write("index.html", "home");
    m_folder.Write("route", "a file with the name of a route");
  }
  // Two http listeners with the same root; clients come to the one that is called `first`.
  SConfig Config(const std::string& first = "public", const std::string& second = "other") const {
    SConfig config = TestConfig();
    config.listeners.resize(2);
    for (SListenerConfig& listener : config.listeners) {
      listener.protocol = EListenerProtocol::kHttp;
      listener.root = m_folder.Path().string();
    }
    config.listeners[0].name = first;
    config.listeners[1].name = second;
    return config;
  }

  CTemporaryFolder m_folder;
};

TEST_F(CHttpFilesTest, ALogicThatUsesNoneHasItsFilesOnEveryListener) {
  for (const char* p_name : {"public", ""}) {
    CPlainLogic logic;
    CTestNetwork network(logic, Config(p_name));
    CHttpTestClient client(network.Port());
    EXPECT_EQ(client.Ask("/").body, "home");
    EXPECT_EQ(client.Ask("/index.html").body, "home") << "and from the cache";
    EXPECT_EQ(client.Ask("/none").status, 404);
    EXPECT_EQ(client.Ask("/route").body, "a route") << "which comes before the file";
    ASSERT_TRUE(client.Send(CHttpTestClient::Request("DELETE", "/index.html")));
    EXPECT_EQ(client.Receive().status, 405);
  }
}

TEST_F(CHttpFilesTest, OneThatIsBoundServesFilesWhereItIsBoundAlone) {
  for (const auto& [name, status] : {std::pair<const char*, int>{"public", 200}, {"also", 200}, {"admin", 404}}) {
    CBoundLogic logic;
    SConfig config = Config(name, "public");
    if (std::string(name) == "public") config.listeners[1].name = "also";
    config.listeners.push_back(config.listeners[1]);
    config.listeners[2].name = std::string(name) == "also" ? "more" : "also";
    CTestNetwork network(logic, config);
    CHttpTestClient client(network.Port());
    EXPECT_EQ(client.Ask("/index.html").status, status) << name;
    EXPECT_EQ(client.Ask("/route").body, "a route") << name;
    ASSERT_TRUE(client.Send(CHttpTestClient::Request("DELETE", "/index.html")));
    EXPECT_EQ(client.Receive().status, 405) << name;
  }
}

TEST_F(CHttpFilesTest, WithoutARootThereIsNoFile) {
  CPlainLogic logic;
  SConfig config = Config();
  config.listeners[0].root.clear();
  CTestNetwork network(logic, config);
  CHttpTestClient client(network.Port());
  EXPECT_EQ(client.Ask("/index.html").status, 404);
  ASSERT_TRUE(client.Send(CHttpTestClient::Request("POST", "/index.html")));
  EXPECT_EQ(client.Receive().status, 405);
  EXPECT_EQ(client.Ask("/route").body, "a route");
}

TEST_F(CHttpFilesTest, AListenerThatIsNotThereOrSpeaksNoHttpRefusesTheStart) {
  CBoundLogic logic;
  EXPECT_THROW(CTestNetwork(logic, Config("public", "not also")), std::logic_error);
  CBoundLogic another;
  SConfig config = Config("public", "also");
  config.listeners[1].protocol = EListenerProtocol::kPacket;
  config.listeners[1].root.clear();
  EXPECT_THROW(CTestNetwork(another, config), std::logic_error);
}

TEST_F(CHttpFilesTest, TwoForOneListenerRefuseTheStart) {
  CTwiceLogic logic;
  EXPECT_THROW(CTestNetwork(logic, Config()), std::logic_error);
}

TEST_F(CHttpFilesTest, EachListenerCanHaveItsOwnAndAPoolOfItsOwn) {
  CSplitLogic unbound;
  EXPECT_THROW(CTestNetwork(unbound, Config()), std::logic_error) << "there is no such pool";
  for (const char* p_name : {"public", "other"}) {
    CSplitLogic logic;
    SConfig config = Config(p_name, std::string(p_name) == "public" ? "other" : "public");
    config.pool.named.push_back({"disk", 1});
    CTestNetwork network(logic, config);
    CHttpTestClient client(network.Port());
    EXPECT_EQ(client.Ask("/").body, "home");
  }
}

TEST_F(CHttpFilesTest, ARootThatCantBeOpenedRefusesTheStart) {
  CPlainLogic logic;
  SConfig config = Config();
  config.listeners[1].root = (m_folder.Path() / "none").string();
  EXPECT_THROW(CTestNetwork(logic, config), std::system_error);
}

}  // namespace
}  // namespace switchboard
