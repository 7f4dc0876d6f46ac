#include "jobs/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace gristmill::jobs {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

using Colour = std::vector<std::uint8_t>;

// The left half of one colour, the right of another.
Image Halves(Image::Format format, std::uint32_t width, std::uint32_t height, const Colour& left,
             const Colour& right) {
  Image image{.format = format,
              .width = width,
              .height = height,
              .channels = static_cast<std::uint32_t>(left.size()),
              .samples = {},
              .file_width = width,
              .file_height = height};
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      const Colour& colour = x < width / 2 ? left : right;
      image.samples.insert(image.samples.end(), colour.begin(), colour.end());
    }
  }
  return image;
}

Colour PixelOf(const Image& image, std::uint32_t x, std::uint32_t y) {
  const auto at = image.samples.begin() + (y * image.width + x) * image.channels;
  return {at, at + image.channels};
}

std::string ReasonOf(std::string_view file) {
  try {
    DecodeImage(file, 100);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "it was decoded";
}

const Colour kRed = {200, 10, 10}, kBlue = {10, 10, 200};

TEST(Image, APngComesBackAsItWas) {
  const Image image = Halves(Image::Format::kPng, 31, 7, kRed, kBlue);
  const Image back = DecodeImage(EncodeImage(image), 100);
  EXPECT_EQ(back.format, Image::Format::kPng);
  EXPECT_EQ(back.width, 31u);
  EXPECT_EQ(back.height, 7u);
  EXPECT_EQ(back.samples, image.samples);
}

TEST(Image, AJpegComesBackNearlyAsItWas) {
  const Image back =
      DecodeImage(EncodeImage(Halves(Image::Format::kJpeg, 64, 32, kRed, kBlue)), 100);
  EXPECT_EQ(back.width, 64u);
  EXPECT_EQ(back.height, 32u);
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(PixelOf(back, 8, 8)[c], kRed[c], 8);
    EXPECT_NEAR(PixelOf(back, 56, 24)[c], kBlue[c], 8);
  }
}

TEST(Image, FitsTheLongerSideAndKeepsTheProportions) {
  const auto sides = [](std::uint32_t width, std::uint32_t height) {
    const Image image = FitInto(Halves(Image::Format::kPng, width, height, kRed, kBlue), 100);
    EXPECT_EQ(image.samples.size(), image.width * image.height * 3u);
    return std::pair(image.width, image.height);
  };
  EXPECT_EQ(sides(200, 100), std::pair(100u, 50u));
  EXPECT_EQ(sides(150, 600), std::pair(25u, 100u));
  EXPECT_EQ(sides(1000, 2), std::pair(100u, 1u));
  EXPECT_EQ(sides(99, 100), std::pair(99u, 100u)) << "smaller ones stay";
}

TEST(Image, APixelIsTheMeanOfThoseItStandsFor) {
  const Image one = FitInto(Halves(Image::Format::kPng, 40, 40, kRed, kBlue), 1);
  EXPECT_THAT(one.samples, ElementsAre(105, 10, 105));
  const Image three = FitInto(Halves(Image::Format::kPng, 9, 9, kRed, kRed), 4);
  for (std::uint32_t i = 0; i < 16; ++i) EXPECT_EQ(PixelOf(three, i % 4, i / 4), kRed);
}

TEST(Image, WhatCanNotBeSeenGivesNoColour) {
  const Image one =
      FitInto(Halves(Image::Format::kPng, 2, 2, {200, 10, 10, 255}, {0, 255, 0, 0}), 1);
  EXPECT_THAT(one.samples, ElementsAre(200, 10, 10, 128));
  const Image back = DecodeImage(EncodeImage(one), 1);
  EXPECT_EQ(back.channels, 4u);
  EXPECT_EQ(back.samples, one.samples);
  const Image none = FitInto(Halves(Image::Format::kPng, 2, 2, {9, 9, 9, 0}, {9, 9, 9, 0}), 1);
  EXPECT_THAT(none.samples, Each(0));
}

TEST(Image, ALargeJpegIsReadAtASmallerScaleAndFitsAllTheSame) {
  const std::string file = EncodeImage(Halves(Image::Format::kJpeg, 1601, 803, kRed, kBlue));
  const Image read = DecodeImage(file, 100);
  EXPECT_EQ(read.width, 201u) << "an eighth, rounded up";
  EXPECT_EQ(read.file_width, 1601u);
  const Image image = FitInto(read, 100);
  EXPECT_EQ(image.width, 100u);
  EXPECT_EQ(image.height, 50u);
  for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(PixelOf(image, 10, 25)[c], kRed[c], 8);
}

TEST(Image, BrokenFilesAreReasons) {
  EXPECT_THAT(ReasonOf(""), HasSubstr("neither a JPEG nor a PNG"));
  EXPECT_THAT(ReasonOf("GIF89a"), HasSubstr("neither a JPEG nor a PNG"));
  for (const auto format : {Image::Format::kJpeg, Image::Format::kPng}) {
    const std::string file = EncodeImage(Halves(format, 64, 64, kRed, kBlue));
    for (const std::size_t bytes : {std::size_t{4}, file.size() / 2, file.size() - 20}) {
      EXPECT_NE(ReasonOf(std::string_view(file).substr(0, bytes)), "it was decoded") << bytes;
    }
  }
  std::string huge = EncodeImage(Halves(Image::Format::kJpeg, 16, 16, kRed, kBlue));
  const std::size_t frame = huge.find("\xff\xc0");
  ASSERT_NE(frame, huge.npos);
  huge.replace(frame + 5, 4, std::string("\x80\0\x80\0", 4));
  EXPECT_EQ(ReasonOf(huge), "it has 32768 x 32768 pixels, more than 100 million");
}

}  // namespace
}  // namespace gristmill::jobs
