#include "proc/start/ServerSchema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

#include "logic/CLogic.h"
#include "logic/transfer/STransferConfig.h"
#include "net/config/CConfig.h"

namespace switchboard {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

const std::filesystem::path kSource = SWITCHBOARD_SOURCE_DIR;

struct SOwnConfig {
  uint32_t number = 5;
};

struct SGaugeConfig {
  uint32_t width = 3;

  static void Declare(CConfigSchema& schema) {
    schema.Section<SGaugeConfig>("gauge", "of a module").Number("width", &SGaugeConfig::width, {1, 9}, "some width");
  }
};

// A module with a section of its own, and a logic that uses it.
class CGauge : public CModule {
 public:
  static void Describe(CConfigSchema& schema) { SGaugeConfig::Declare(schema); }
};
class CGaugeLogic : public CLogic {
 public:
  CGaugeLogic() { Use<CGauge>(); }
};

// "section.key" of each line `key = …` of a TOML file.
std::vector<std::string> KeysOf(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string section;
  std::vector<std::string> keys;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("[")) {
      const size_t begin = line.find_first_not_of('[');
      section = line.substr(begin, line.find(']') - begin);
    } else if (!line.empty() && !line.starts_with("#")) {
      keys.push_back(section + "." + line.substr(0, line.find(' ')));
      EXPECT_NE(line.find(" # "), std::string::npos) << "no explanation: " << line;
    }
  }
  return keys;
}

TEST(ServerSchemaTest, TheShippedFileHasEveryKeyWithItsDefault) {
  const CConfigSchema schema = ServerSchema({});
  std::vector<std::string> keys = schema.Keys();
  std::erase_if(keys, [](const std::string& key) { return key.starts_with("pool.named."); });  // there are none
  std::erase_if(keys, [](const std::string& key) { return key.starts_with("gauge."); });  // a module's of these tests
  EXPECT_EQ(KeysOf(kSource / "conf/switchboard.toml"), keys);
  const std::vector<std::string> names{"server.pid_file=switchboard.pid", "log.file=switchboard.log"};
  EXPECT_EQ(CConfig::Load((kSource / "conf/switchboard.toml").string(), {}, schema), CConfig::Load("", names, schema));
}

TEST(ServerSchemaTest, TheDocumentationHasEverySection) {
  std::ifstream file(kSource / "docs/CONFIGURATION.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  const CConfigSchema schema = ServerSchema({});
  for (const auto& p_section : schema.Sections()) {
    if (p_section->name == "gauge") continue;  // a module's of these tests
    const std::string title = p_section->isList ? "`[[" + p_section->name + "]]`" : "`[" + p_section->name + "]`";
    EXPECT_THAT(page, HasSubstr(title));
  }
}

TEST(ServerSchemaTest, TheDocumentationNamesNoOtherKeys) {
  const CConfigSchema schema = ServerSchema({});
  const std::regex named("`([a-z]+)\\.([a-z0-9_]+)`");
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kSource / "docs")) {
    std::ifstream file(entry.path());
    const std::string page{std::istreambuf_iterator<char>(file), {}};
    for (std::sregex_iterator match(page.begin(), page.end(), named), end; match != end; ++match) {
      const auto p_section = schema.Find((*match)[1].str());
      if (p_section == nullptr) continue;
      ++count;
      EXPECT_NE(p_section->Find((*match)[2].str()), nullptr) << entry.path() << ": " << match->str();
    }
  }
  EXPECT_GT(count, 50U);
}

TEST(ServerSchemaTest, ALogicHasSectionsBesideThose) {
  const CConfigSchema schema = ServerSchema([](CConfigSchema& own) {
    own.Section<SOwnConfig>("own", "of a test").Number("number", &SOwnConfig::number, {1, 9}, "some number");
  });
  const SConfig config = CConfig::Load("", {"own.number=7", "transfer.max_open=3", "business.threads=2"}, schema);
  EXPECT_EQ(config.sections.Get<SOwnConfig>().number, 7U);
  EXPECT_EQ(config.sections.Get<STransferConfig>().max_open, 3U);
  EXPECT_EQ(config.business.threads, 2U);
}

TEST(ServerSchemaTest, AModuleBringsItsSectionByBeingUsedAlone) {
  // No logic is built here, as with -t.
  const CConfigSchema schema = ServerSchema({});
  EXPECT_EQ(CConfig::Load("", {}, schema).sections.Get<SGaugeConfig>().width, 3U);
  EXPECT_EQ(CConfig::Load("", {"gauge.width=4"}, schema).sections.Get<SGaugeConfig>().width, 4U);
  EXPECT_THAT([&] { CConfig::Load("", {"gauge.width=10"}, schema); },
              ThrowsMessage<CConfigError>(HasSubstr("gauge.width=10: 10 is out of range; allowed: 1..9")));
  EXPECT_THAT(schema.Help(), HasSubstr("[gauge]  of a module\n  width = 3\n"));
}

TEST(ServerSchemaTest, ALogicMayDeclareTheSectionOfItsModuleItself) {
  const CConfigSchema schema = ServerSchema(&CGauge::Describe);
  EXPECT_EQ(CConfig::Load("", {"gauge.width=4"}, schema).sections.Get<SGaugeConfig>().width, 4U);
  EXPECT_THAT([] { ServerSchema([](CConfigSchema& own) { own.Section<SOwnConfig>("gauge", "of another"); }); },
              ThrowsMessage<std::logic_error>("[gauge] is there already"));
}

TEST(ServerSchemaTest, ALogicCantTakeANameOfTheFramework) {
  const auto declare = [](const char* p_name) {
    ServerSchema([p_name](CConfigSchema& own) { own.Section<SOwnConfig>(p_name, "of a test"); });
  };
  EXPECT_THAT([&] { declare("limits"); }, ThrowsMessage<std::logic_error>("[limits] is there already"));
  EXPECT_THAT([&] { declare("listener"); }, ThrowsMessage<std::logic_error>("[listener] is there already"));
  EXPECT_THAT([&] { declare("transfer"); }, ThrowsMessage<std::logic_error>("[transfer] is there already"));
}

}  // namespace
}  // namespace switchboard
