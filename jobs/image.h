// Images of JPEG and PNG files, made smaller, with libjpeg-turbo and libpng.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gristmill::jobs {

struct Image {
  enum class Format : std::uint8_t { kJpeg, kPng };
  Format format = Format::kJpeg;
  std::uint32_t width = 0, height = 0;
  std::uint32_t channels = 3;         // 3: red, green, blue; 4: and opacity
  std::vector<std::uint8_t> samples;  // row by row from the top, channels together
  // What the file says, where the image was read at a smaller scale.
  std::uint32_t file_width = 0, file_height = 0;
};

// Reads a file. Throws std::runtime_error with the reason if it is none that can be shown as a
// whole: of another kind, damaged, cut short, or of more than 100 million pixels. An image that
// will be made so small that none of its sides exceeds `side` may come at a smaller scale, but not
// below twice what FitInto makes of it.
Image DecodeImage(std::string_view file, std::uint32_t side);

// Each pixel the mean of those that it stands for, so that the longer side has `side`; an image
// that is smaller stays as it is. side > 0.
Image FitInto(Image image, std::uint32_t side);

// The file, in the image's format. Throws std::runtime_error.
std::string EncodeImage(const Image& image);

}  // namespace gristmill::jobs
