#include "misc/config/CConfigSchema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>

#include "misc/config/CConfigReader.h"
#include "tests/support/CTemporaryFolder.h"

namespace switchboard {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;
using Overrides = std::vector<std::string>;

enum class EColour : uint8_t { kRed, kGreen };

struct SDetail {
  bool isOn = false;
};

struct SRoom {
  bool isOpen = true;
  uint16_t seats = 10;
  double share = 0.5;
  milliseconds rest{1500};
  milliseconds pause{20};
  std::string title = "main";
  std::vector<std::string> tags{"a", "b"};
  EColour colour = EColour::kGreen;
  SDetail detail;
};

struct SDoor {
  uint32_t width = 1;
  std::string lock;
};

CConfigSchema Schema() {
  CConfigSchema schema;
  auto room = schema.Section<SRoom>("room", "where it is");
  room.Flag("open", &SRoom::isOpen, "whether anybody may enter")
      .Number("seats", &SRoom::seats, {1, 100, "chairs"}, "in it")
      .Fixed()
      .Real("share", &SRoom::share, 0, 1, "of the rent", "that is paid")
      .Seconds("rest_s", &SRoom::rest, 0, 10, "between two")
      .Milliseconds("pause_ms", &SRoom::pause, 0, 100, "within one")
      .Text("title", &SRoom::title, "a name without a blank", "on the door",
            [](const std::string& text) { return text.find(' ') == std::string::npos; })
      .Texts("tags", &SRoom::tags, "a list of tags", "of the room")
      .OneOf("colour", &SRoom::colour, {{"red", EColour::kRed}, {"green", EColour::kGreen}}, "of the walls");
  room.Of(&SRoom::detail).Flag("lit", &SDetail::isOn, "whether it is lit");
  schema.List<SDoor>("door", "a way in")
      .Number("width", &SDoor::width, {1, 9, ""}, "in feet")
      .Required()
      .Text("lock", &SDoor::lock, "a maker", "who made it");
  return schema;
}

CConfigValues Read(const Overrides& overrides) {
  const CConfigSchema schema = Schema();
  CConfigReader reader(schema);
  for (const std::string& text : overrides) reader.Override(text);
  return reader.Finish();
}

std::string ErrorOf(const std::string& text) {
  try {
    Read({text});
    return "";
  } catch (const CConfigError& error) {
    return error.what();
  }
}

TEST(CConfigSchemaTest, WhatIsNotSetHasTheDefaultOfTheStruct) {
  const CConfigValues values = Read({});
  EXPECT_EQ(values.Get<SRoom>().seats, 10);
  EXPECT_EQ(values.Get<SRoom>().tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_THAT(values.List<SDoor>(), IsEmpty());
}

TEST(CConfigSchemaTest, EachKindOfValueIsRead) {
  const CConfigValues values = Read({"room.open=false", "room.seats=100", "room.share=1", "room.rest_s=0.25",
                                     "room.pause_ms=7", "room.title=hall", "room.tags=[\"x\"]", "room.colour=red",
                                     "room.lit=true", "door.0.width=2", "door.1.width=3", "door.1.lock=x"});
  const auto& room = values.Get<SRoom>();
  EXPECT_FALSE(room.isOpen);
  EXPECT_EQ(room.seats, 100);
  EXPECT_EQ(room.share, 1.0);
  EXPECT_EQ(room.rest, milliseconds(250));
  EXPECT_EQ(room.pause, milliseconds(7));
  EXPECT_EQ(room.title, "hall");
  EXPECT_THAT(room.tags, ElementsAre("x"));
  EXPECT_EQ(room.colour, EColour::kRed);
  EXPECT_TRUE(room.detail.isOn);
  ASSERT_EQ(values.List<SDoor>().size(), 2U);
  EXPECT_EQ(values.List<SDoor>()[0].width, 2U);
  EXPECT_EQ(values.List<SDoor>()[1].lock, "x");
}

TEST(CConfigSchemaTest, EachKindOfErrorSaysWhatIsAllowed) {
  EXPECT_EQ(ErrorOf("room.open=1"), "--set room.open=1: 1 is not a boolean; allowed: true, false");
  EXPECT_EQ(ErrorOf("room.seats=0"), "--set room.seats=0: 0 is out of range; allowed: 1..100 chairs");
  EXPECT_EQ(ErrorOf("room.share=1.5"), "--set room.share=1.5: 1.5 is out of range; allowed: 0..1 of the rent");
  EXPECT_EQ(ErrorOf("room.share=x"), "--set room.share=x: \"x\" is not a number; allowed: 0..1 of the rent");
  EXPECT_EQ(ErrorOf("room.rest_s=11"), "--set room.rest_s=11: 11 is out of range; allowed: 0..10 seconds");
  EXPECT_EQ(ErrorOf("room.title=a b"), "--set room.title=a b: \"a b\" is not allowed; allowed: a name without a blank");
  EXPECT_EQ(ErrorOf("room.tags=[1]"), "--set room.tags=[1]: 1 is not a string; allowed: a list of tags");
  EXPECT_EQ(ErrorOf("room.colour=blue"), "--set room.colour=blue: \"blue\" is unknown; allowed: \"red\", \"green\"");
  EXPECT_EQ(ErrorOf("room.seats=2020-01-01"),
            "--set room.seats=2020-01-01: 2020-01-01 is not a whole number; allowed: 1..100 chairs");
  EXPECT_EQ(ErrorOf("room.seat=1"),
            "--set room.seat=1: unknown key; allowed: open, seats, share, rest_s, pause_ms, title, tags, colour, lit");
  EXPECT_EQ(ErrorOf("rooms.seats=1"), "--set rooms.seats=1: unknown key; allowed: room, door");
  EXPECT_EQ(ErrorOf("door.0.lock=x"), "--set door.0.lock=x: width is missing; allowed: 1..9");
  EXPECT_EQ(ErrorOf("door.1.width=1"),
            "--set door.1.width=1: there is no such door; allowed: door.N with N in 0..0, 0 adds one");
}

TEST(CConfigSchemaTest, HelpNamesEveryKeyItsDefaultAndWhatIsAllowed) {
  const std::string help = Schema().Help();
  EXPECT_THAT(help, HasSubstr("\n[room]  where it is\n"));
  EXPECT_THAT(help, HasSubstr("\n[[door]]  a way in\n"));
  EXPECT_THAT(help,
              HasSubstr("\n  seats = 10  (fixed until the next start)\n      in it\n      allowed: 1..100 chairs\n"));
  EXPECT_THAT(help, HasSubstr("\n  rest_s = 1.5\n      between two\n      allowed: 0..10 seconds\n"));
  EXPECT_THAT(help, HasSubstr("\n  tags = [\"a\", \"b\"]\n"));
  EXPECT_THAT(help, HasSubstr("\n  colour = \"green\"\n"));
  for (const std::string& key : Schema().Keys()) {
    EXPECT_THAT(help, HasSubstr("\n  " + key.substr(key.find('.') + 1) + " = "));
  }
}

TEST(CConfigSchemaTest, ASectionMayHaveListsInIt) {
  CConfigSchema schema;
  schema.Section<SRoom>("room", "where it is").Flag("open", &SRoom::isOpen, "whether anybody may enter");
  schema.List<SDoor>("room.door", "a way in").Number("width", &SDoor::width, {1, 9, ""}, "in feet");
  EXPECT_THAT(schema.Help(), HasSubstr("\n[[room.door]]  a way in\n"));

  const CTemporaryFolder folder;
  const std::string file = (folder.Path() / "c.toml").string();
  std::ofstream(file) << "[room]\nopen = false\n[[room.door]]\nwidth = 2\n[[room.door]]\nwidth = 3\n";
  CConfigReader reader(schema);
  reader.ReadFile(file);
  reader.Override("room.door.1.width=4");
  reader.Override("room.door.2.width=5");
  const CConfigValues values = reader.Finish();
  EXPECT_FALSE(values.Get<SRoom>().isOpen);
  ASSERT_EQ(values.List<SDoor>().size(), 3U);
  EXPECT_EQ(values.List<SDoor>()[0].width, 2U);
  EXPECT_EQ(values.List<SDoor>()[1].width, 4U);
  EXPECT_EQ(values.List<SDoor>()[2].width, 5U);

  std::ofstream(file) << "[room]\n[[room.door]]\nwidth = 10\n";
  EXPECT_THAT([&] { CConfigReader(schema).ReadFile(file); },
              ThrowsMessage<CConfigError>(file + ":3: room.door.0.width: 10 is out of range; allowed: 1..9"));
}

TEST(CConfigSchemaTest, NamesAreCheckedAndNoneComesTwice) {
  CConfigSchema schema;
  auto room = schema.Section<SRoom>("room", "where it is");
  room.Flag("open", &SRoom::isOpen, "whether anybody may enter");
  EXPECT_THAT([&] { room.Flag("open", &SRoom::isOpen, "once more"); },
              ThrowsMessage<std::logic_error>("room.open is declared twice"));
  EXPECT_THAT([&] { room.Flag("is-open", &SRoom::isOpen, "no name"); },
              ThrowsMessage<std::logic_error>("[room]: \"is-open\" is no name of a key"));
  EXPECT_THAT([&] { schema.Section<SDoor>("a.b", "no name"); },
              ThrowsMessage<std::logic_error>("[a.b] is in no section"));
  EXPECT_THAT([&] { schema.Section<SDoor>("a b", "no name"); },
              ThrowsMessage<std::logic_error>("\"a b\" is no name of a section"));
  EXPECT_THAT([&] { schema.Section<SDoor>("room", "again"); },
              ThrowsMessage<std::logic_error>("[room] is there already"));
  EXPECT_THAT([&] { schema.List<SRoom>("rooms", "the same type"); },
              ThrowsMessage<std::logic_error>("[room] and [rooms] have the same type"));
}

TEST(CConfigSchemaTest, AValueOfATypeThatNobodyDeclaredIsRefused) {
  EXPECT_FALSE(Read({}).Has<SDetail>());
  EXPECT_TRUE(Read({}).Has<SRoom>());
  EXPECT_THROW(Read({}).Get<SDetail>(), std::logic_error);
}

TEST(CConfigSchemaTest, ValuesAreEqualWhenAllKeysAre) {
  EXPECT_EQ(Read({}), Read({"room.seats=10"}));
  EXPECT_NE(Read({}), Read({"room.seats=11"}));
  EXPECT_NE(Read({"door.0.width=1"}), Read({}));
}

struct SWidths {
  uint8_t small = 1;
  int16_t negative = -1;
  uint64_t large = uint64_t{1} << 40;
  std::size_t unnamed = 3;
  EColour colour = EColour::kRed;
};

TEST(CConfigSchemaTest, NumbersOfEveryWidthAndSignAreKeptWhole) {
  CConfigSchema schema;
  schema.Section<SWidths>("widths", "of numbers")
      .Number("small", &SWidths::small, {0, 255}, "one byte")
      .Number("negative", &SWidths::negative, {-32768, 0}, "with a sign")
      .Number("large", &SWidths::large, {0, INT64_MAX}, "all that TOML can say");
  EXPECT_THAT(schema.Help(), HasSubstr("\n  negative = -1\n"));
  EXPECT_THAT(schema.Help(), HasSubstr("\n  large = 1099511627776\n"));
  CConfigReader reader(schema);
  for (const char* p_text : {"widths.small=255", "widths.negative=-32768", "widths.large=9223372036854775807"}) {
    reader.Override(p_text);
  }
  const CConfigValues values = reader.Finish();
  EXPECT_EQ(values.Get<SWidths>().small, 255);
  EXPECT_EQ(values.Get<SWidths>().negative, -32768);
  EXPECT_EQ(values.Get<SWidths>().large, uint64_t{INT64_MAX});
}

TEST(CConfigSchemaTest, OfTwoNamesForOneValueTheFirstIsShownAndOfNoneNothing) {
  CConfigSchema schema;
  schema.Section<SWidths>("widths", "of names")
      .OneOf("colour", &SWidths::colour, {{"red", EColour::kRed}, {"rouge", EColour::kRed}}, "of it")
      .OneOf("unnamed", &SWidths::unnamed, {{"one", 1}, {"two", 2}}, "how many");
  EXPECT_THAT(schema.Help(), HasSubstr("\n  colour = \"red\"\n"));
  EXPECT_THAT(schema.Help(), HasSubstr("\n  unnamed = \n"));
  CConfigReader reader(schema);
  reader.Override("widths.colour=rouge");
  reader.Override("widths.unnamed=two");
  const CConfigValues values = reader.Finish();
  EXPECT_EQ(values.Get<SWidths>().colour, EColour::kRed);
  EXPECT_EQ(values.Get<SWidths>().unnamed, 2U);
}

TEST(CConfigSchemaTest, WhatIsTakenIsGone) {
  CConfigValues values = Read({"door.0.width=4"});
  EXPECT_EQ(values.Take<SRoom>().seats, 10);
  EXPECT_FALSE(values.Has<SRoom>());
  EXPECT_EQ(values.TakeList<SDoor>().size(), 1U);
  EXPECT_FALSE(values.Has<SDoor>());
}

TEST(CConfigSchemaTest, WhatIsThereAlreadyIsNotDeclaredAgain) {
  CConfigSchema schema = Schema();
  const std::vector<std::string> before = schema.Keys();
  schema.Complete([](CConfigSchema& more) {
    more.Section<SRoom>("room", "the same once more").Flag("open", &SRoom::isOpen, "and its keys");
    more.Section<SDetail>("detail", "what was missing").Flag("on", &SDetail::isOn, "whether it is");
  });
  std::vector<std::string> expected = before;
  expected.emplace_back("detail.on");
  EXPECT_EQ(schema.Keys(), expected);
  EXPECT_THAT([&] { schema.Complete([](CConfigSchema& more) { more.Section<SDoor>("room", "of another type"); }); },
              ThrowsMessage<std::logic_error>("[room] is there already"));
}

}  // namespace
}  // namespace switchboard
