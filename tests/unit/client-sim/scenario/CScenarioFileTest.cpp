#include "client-sim/scenario/CScenarioFile.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "client-sim/message/CCustomMessage.h"
#include "misc/CCrc32.h"

namespace switchboard::sim {
namespace {

namespace fs = std::filesystem;

class CScenarioFileTest : public testing::Test {
 protected:
  CScenarioFileTest() : m_folder(fs::temp_directory_path() / ("scenario-" + std::to_string(::getpid()))) {
    fs::create_directories(m_folder);
  }
  ~CScenarioFileTest() override {
    std::error_code ignored;
    fs::remove_all(m_folder, ignored);
  }

  void Write(const std::string& name, const std::string& text) const { std::ofstream(m_folder / name) << text; }
  CScenario Read(const std::string& text) {
    Write("test.toml", text);
    return CScenarioFile::Read((m_folder / "test.toml").string(), 3, m_factory);
  }
  // What Read complains of, without the folder.
  std::string Complaint(const std::string& text) {
    try {
      Read(text);
    } catch (const CScenarioError& error) {
      return std::string(error.what()).substr(m_folder.string().size() + 1);
    }
    return "nothing";
  }
  static EVerdict Judge(const CMessage& message, uint16_t msgCode, const std::string& body) {
    const auto bytes = std::as_bytes(std::span(body));
    return message.Judge({1, 2}, {}, {msgCode, CCrc32::Of(bytes), bytes});
  }
  static std::string BodyOf(const CMessage& message) {
    std::array<std::byte, 1000> bytes;
    const SBody body = message.WriteBody({1, 2}, bytes.data());
    EXPECT_EQ(body.crc32, CCrc32::Of(std::span(bytes).first(body.bytes)));
    return {reinterpret_cast<const char*>(bytes.data()), body.bytes};
  }

  const fs::path m_folder;
  const CBodyPattern m_pattern{1};
  int m_registrations = 0;
  CMessageFactory m_factory{m_pattern, 56, "test", [this] {
                              ++m_registrations;
                              return std::vector<SLoginBody>(1);
                            }};
};

TEST_F(CScenarioFileTest, ClassesShareTheConnectionsByWeight) {
  const CScenario scenario = Read(
      "[[class]]\nname = 'many'\nweight = 3\nloop = { ping = 1 }\n"
      "[[class]]\nname = 'few'\ndepth = 9\nthink = '10ms-20ms'\nloop = ['echo', 'ping']\n");
  std::map<std::string, int> counts;
  for (uint32_t i = 0; i < 100; ++i) ++counts[scenario.ClassOf(i).name];
  EXPECT_EQ(counts["many"], 75);
  EXPECT_EQ(counts["few"], 25);
  const SConnectionClass& many = scenario.Classes()[0];
  EXPECT_EQ(many.depth, 3u) << "as the command line says";
  EXPECT_TRUE(many.loop.empty());
  const SConnectionClass& few = scenario.Classes()[1];
  EXPECT_EQ(few.depth, 9u);
  EXPECT_EQ(few.thinkLow, std::chrono::milliseconds(10));
  EXPECT_EQ(few.thinkHigh, std::chrono::milliseconds(20));
  EXPECT_EQ(few.workload.At(few.loop.at(0)).Name(), "echo");
  EXPECT_EQ(few.workload.At(few.loop.at(1)).Name(), "ping");
}

TEST_F(CScenarioFileTest, ThousandsOfClassesCostLittle) {
  // Each weighed against all others, over and over, would take minutes: the timeout tells.
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "[[class]]\nweight = 2\nloop = ['ping']\n";
  const CScenario scenario = Read(text);
  EXPECT_EQ(scenario.Classes().size(), 5000u);
  EXPECT_EQ(&scenario.ClassOf(0), &scenario.Classes()[0]);
  EXPECT_EQ(&scenario.ClassOf(4999), &scenario.Classes()[4999]);
  EXPECT_EQ(&scenario.ClassOf(5000), &scenario.Classes()[0]);
}

TEST_F(CScenarioFileTest, MixesPickByWeight) {
  const CScenario scenario = Read("[[class]]\nsession = ['echo']\nloop = { ping = 1, echo = 3 }\n");
  const CWorkload& workload = scenario.Classes()[0].workload;
  std::map<std::string, int> counts;
  for (uint32_t i = 0; i < 1000; ++i) ++counts[workload.At(workload.Pick(i * 4294967U)).Name()];
  EXPECT_NEAR(counts["ping"], 250, 2);
  EXPECT_NEAR(counts["echo"], 750, 2);
}

TEST_F(CScenarioFileTest, ASessionThatRegistersLogsInWithItsOwnAccount) {
  const CScenario scenario = Read("[[class]]\nsession = ['register', 'login']\nloop = ['ping']\n");
  EXPECT_EQ(m_registrations, 0);
  const SConnectionClass& one = scenario.Classes()[0];
  const std::string registered = BodyOf(one.workload.At(one.session.at(0)));
  EXPECT_EQ(registered.substr(4), BodyOf(one.workload.At(one.session.at(1))));
  Read("[[class]]\nsession = ['login']\nloop = ['ping']\n");
  EXPECT_EQ(m_registrations, 1);
}

TEST_F(CScenarioFileTest, CustomBodiesOfEveryKind) {
  Write("body.bin", std::string("a\0b", 3));
  Write("sizes.txt", "17\n17 17\n");
  const CScenario scenario = Read(
      "[[class]]\nloop = ['text', 'hex', 'file', 'fields', 'fixed', 'uniform', 'sizes', 'empty']\n"
      "[message.text]\ncode = 100\ntext = 'hello'\n"
      "[message.hex]\ncode = 100\nhex = '00 ff'\n"
      "[message.file]\ncode = 100\nfile = 'body.bin'\n"
      "[message.fields]\ncode = 100\nfields = \"u32:7 str4:abc\"\n"
      "[message.fixed]\ncode = 100\nbytes = 20\n"
      "[message.uniform]\ncode = 100\nbytes = '30-40'\n"
      "[message.sizes]\ncode = 100\nbytes = 'sizes.txt'\n"
      "[message.empty]\ncode = 100\n");
  const CWorkload& workload = scenario.Classes()[0].workload;
  EXPECT_EQ(BodyOf(workload.At(0)), "hello");
  EXPECT_EQ(BodyOf(workload.At(1)), std::string("\0\xff", 2));
  EXPECT_EQ(BodyOf(workload.At(2)), std::string("a\0b", 3));
  EXPECT_EQ(BodyOf(workload.At(3)), std::string("\0\0\0\x07"
                                                "abc\0",
                                                8));
  EXPECT_EQ(BodyOf(workload.At(4)).size(), 20u);
  EXPECT_GE(BodyOf(workload.At(5)).size(), 30u);
  EXPECT_LE(BodyOf(workload.At(5)).size(), 40u);
  EXPECT_EQ(BodyOf(workload.At(6)).size(), 17u);
  EXPECT_EQ(BodyOf(workload.At(7)), "");
  EXPECT_EQ(workload.At(0).MsgCode(), 100);
}

TEST_F(CScenarioFileTest, Expectations) {
  const CScenario scenario = Read(
      "pushes = [200]\n"
      "[[class]]\nloop = ['any', 'echo_it', 'text', 'result', 'reject', 'tell']\n"
      "[message.any]\ncode = 100\nreply_code = 101\n"
      "[message.echo_it]\ncode = 100\ntext = 'x'\nexpect = 'echo'\n"
      "[message.text]\ncode = 100\nreply_text = 'yes'\n"
      "[message.result]\ncode = 100\nresult = -2\n"
      "[message.reject]\ncode = 60000\nreject = 'unknown_code'\n"
      "[message.tell]\ncode = 102\nexpect = 'nothing'\n");
  const CWorkload& workload = scenario.Classes()[0].workload;
  EXPECT_EQ(Judge(workload.At(0), 101, "whatever"), EVerdict::kRight);
  EXPECT_EQ(Judge(workload.At(0), 100, "whatever"), EVerdict::kWrong);
  EXPECT_EQ(Judge(workload.At(1), 100, "x"), EVerdict::kRight);
  EXPECT_EQ(Judge(workload.At(1), 100, "y"), EVerdict::kWrong);
  EXPECT_EQ(Judge(workload.At(2), 100, "yes"), EVerdict::kRight);
  EXPECT_EQ(Judge(workload.At(2), 100, "no"), EVerdict::kWrong);
  EXPECT_EQ(Judge(workload.At(3), 100, std::string("\xff\xff\xff\xfe", 4)), EVerdict::kRight);
  EXPECT_EQ(Judge(workload.At(3), 100, std::string("\0\0\0\0", 4)), EVerdict::kWrong);
  EXPECT_EQ(Judge(workload.At(3), 100, "ab"), EVerdict::kWrong);
  EXPECT_EQ(workload.At(4).ExpectedReject(), 2);
  EXPECT_EQ(Judge(workload.At(4), 60000, ""), EVerdict::kWrong);
  EXPECT_TRUE(workload.At(5).IsOneWay());
  EXPECT_TRUE(workload.HasOneWay(102));
  EXPECT_TRUE(workload.IsPush(200));
  EXPECT_FALSE(workload.IsPush(100));
}

TEST_F(CScenarioFileTest, AFileThatIsNotThereIsNamed) {
  try {
    CScenarioFile::Read((m_folder / "none.toml").string(), 1, m_factory);
    FAIL() << "it was read";
  } catch (const CScenarioError& error) {
    EXPECT_EQ(std::string(error.what()), (m_folder / "none.toml").string() + ": No such file or directory");
  }
}

TEST_F(CScenarioFileTest, MistakesHaveAPlace) {
  const std::string aClass = "[[class]]\nloop = ['ping']\n";
  const std::map<std::string, std::string> complaints{
      {"", "test.toml: there is no [[class]]"},
      {"[[class]\n", "test.toml:1: "},
      {aClass + "depht = 3\n", "test.toml:3: 'depht' is none of name, weight, depth"},
      {aClass + "depth = 0\n", "test.toml:3: a number from 1 to 1000000"},
      {aClass + "depth = 'many'\n", "test.toml:3: a number"},
      {aClass + "think = 'long'\n", "test.toml:3: 'long' is no time"},
      {aClass + "think = '5s-1s'\n", "test.toml:3: the shorter time comes first"},
      {aClass + "weight = 10001\n", "test.toml:3: a number from 1 to 10000"},
      {aClass + "weight = 9000\n[[class]]\nweight = 9000\nloop = ['ping']\n", "test.toml:4: the weights"},
      {"[[class]]\nname = 'x'\n", "test.toml:1: a class needs a loop"},
      {"[[class]]\nloop = []\n", "test.toml:2: the loop is empty"},
      {"[[class]]\nloop = 'ping'\n", "test.toml:2: a loop is a list"},
      {"[[class]]\nloop = { ping = 0 }\n", "test.toml:2: every weight is 0"},
      {"[[class]]\nloop = ['say']\n", "test.toml:2: 'say' is neither ping"},
      {"[class]\nloop = ['ping']\n", "test.toml:1: classes are written as [[class]]"},
      {"pushes = 3\n" + aClass, "test.toml:1: pushes is a list"},
      {aClass + "[message.say]\ntext = 'x'\n", "test.toml:3: a message needs a code"},
      {aClass + "[message.say]\ncode = 70000\n", "test.toml:4: a number from 0 to 65535"},
      {aClass + "[message.say]\ncode = 1\ntext = 'x'\nhex = '00'\n", ": a message has one body"},
      {aClass + "[message.say]\ncode = 1\nbytes = 8\ntext = 'x'\nhex = '00'\n", "test.toml:6: a message has one body"},
      {aClass + "[message.say]\ncode = 1\nreply_text = 'x'\nreply_hex = '00'\n",
       "test.toml:6: a message has one reply"},
      {aClass + "[message.say]\ncode = 1\nexpect = 'nothing'\nreply_text = 'x'\n", "test.toml:6: nothing is expected"},
      {aClass + "[message.say]\ncode = 1\nexpect = 'nothing'\nreject = 6\n", "test.toml:6: nothing is expected"},
      {aClass + "[message.say]\ncode = 1\nexpect = 'echo'\nreply_hex = '00'\n", "test.toml:6: the body of an echo"},
      {aClass + "[message.say]\ncode = 1\nexpect = 'echo'\nresult = 0\n", "test.toml:6: the body of an echo"},
      {aClass + "[message.say]\ncode = 1\nreply_text = 'x'\nresult = 0\n", "test.toml:6: the body of the reply"},
      {aClass + "[message.say]\ncode = 1\nbytes = '70000'\n", "test.toml:5: '70000' is no size from 0 to 65527"},
      {aClass + "[message.say]\ncode = 1\nreject = 6\nresult = 0\n", "test.toml:6: a message whose right answer"},
      {aClass + "[message.say]\ncode = 1\nhex = '0'\n", "test.toml:5: hex digits come in pairs"},
      {aClass + "[message.say]\ncode = 1\nfields = 'u9:1'\n", "test.toml:5: field 'u9:1': the type"},
      {aClass + "[message.say]\ncode = 1\nfile = 'none'\n", "none is no file"},
      {aClass + "[message.say]\ncode = 1\nfile = '/dev/zero'\n", "test.toml:5: /dev/zero is no file"},
      {aClass + "[message.say]\ncode = 1\nfile = 'huge'\n", "huge has more than 16777216 bytes"},
      {aClass + "[message.say]\ncode = 1\nreply_hex = '" + std::string(2 * 65528, '0') + "'\n", ": a body has at most"},
      {aClass + "[message.say]\ncode = 1\nbytes = '9-1'\n", "test.toml:5: the smaller size comes first"},
      {aClass + "[message.say]\ncode = 1\nbytes = 65528\n", "test.toml:5: a number from 0 to 65527"},
      {aClass + "[message.say]\ncode = 1\nexpect = 'love'\n", "test.toml:5: expect is reply, echo or nothing"},
      {aClass + "[message.say]\ncode = 1\nreject = 'no_reason'\n", "test.toml:5: 'no_reason' is no reason"},
  };
  Write("huge", "");
  fs::resize_file(m_folder / "huge", CTomlReader::kMaxFileBytes + 1);
  for (const auto& [text, complaint] : complaints) {
    EXPECT_NE(Complaint(text).find(complaint), std::string::npos) << text << "\nsays: " << Complaint(text);
  }
}

}  // namespace
}  // namespace switchboard::sim
