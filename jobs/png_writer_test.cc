#include "jobs/png_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <stdexcept>

namespace gristmill::jobs {
namespace {

constexpr std::array<png_color, 2> kPalette = {{{0, 0, 0}, {255, 128, 0}}};

TEST(PngWriter, AnotherReaderSeesTheSamePixels) {
  PngWriter writer(3, 2, kPalette);
  std::string file = writer.TakeBytes();
  writer.AddRow(std::string_view("\0\1\0", 3));
  file += writer.TakeBytes();
  writer.AddRow(std::string_view("\1\1\0", 3));
  writer.Finish();
  file += writer.TakeBytes();

  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  ASSERT_TRUE(png_image_begin_read_from_memory(&image, file.data(), file.size()));
  EXPECT_EQ(image.width, 3u);
  EXPECT_EQ(image.height, 2u);
  image.format = PNG_FORMAT_RGB;
  std::array<std::uint8_t, 18> pixels = {};
  ASSERT_TRUE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr));
  EXPECT_THAT(pixels, testing::ElementsAre(0, 0, 0, 255, 128, 0, 0, 0, 0,  //
                                           255, 128, 0, 255, 128, 0, 0, 0, 0));
}

TEST(PngWriter, WhatLibpngRefusesIsAnException) {
  EXPECT_THROW(PngWriter(0, 2, kPalette), std::runtime_error);
}

}  // namespace
}  // namespace gristmill::jobs
