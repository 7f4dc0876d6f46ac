#include "jobs/image.h"

#include <png.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <utility>

// After <cstdio>, which it needs.
#include <jpeglib.h>

namespace gristmill::jobs {
namespace {

constexpr std::uint64_t kPixelsMax = 100'000'000;
constexpr int kJpegQuality = 85;

void CheckSize(std::uint64_t width, std::uint64_t height) {
  if (width == 0 || height == 0) throw std::runtime_error("it has no pixels");
  if (width * height > kPixelsMax) {
    throw std::runtime_error("it has " + std::to_string(width) + " x " + std::to_string(height) +
                             " pixels, more than 100 million");
  }
}

std::size_t SamplesOf(const Image& image) {
  return std::size_t{image.width} * image.height * image.channels;
}

// The length of the other side if the longer one becomes `side`.
std::uint32_t Shortened(std::uint32_t shorter, std::uint32_t longer, std::uint32_t side) {
  const std::uint64_t length = (std::uint64_t{shorter} * side + longer / 2) / longer;
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(length, 1));
}

// --- JPEG ---------------------------------------------------------------------------------------

[[noreturn]] void ThrowJpegError(j_common_ptr jpeg) {
  std::array<char, JMSG_LENGTH_MAX> message;
  jpeg->err->format_message(jpeg, message.data());
  throw std::runtime_error(message.data());
}

// A file that ends too early, say, would be filled up with grey.
void TakeJpegMessage(j_common_ptr jpeg, int level) {
  if (level < 0) ThrowJpegError(jpeg);
}

// Its frames can be unwound, so that its error function may throw.
jpeg_error_mgr* ThrowErrors(jpeg_error_mgr* errors) {
  ::jpeg_std_error(errors);
  errors->error_exit = ThrowJpegError;
  errors->emit_message = TakeJpegMessage;
  return errors;
}

struct JpegReader {
  jpeg_error_mgr errors;
  jpeg_decompress_struct jpeg;

  JpegReader() {
    jpeg.err = ThrowErrors(&errors);
    jpeg_create_decompress(&jpeg);
  }
  JpegReader(const JpegReader&) = delete;
  ~JpegReader() { ::jpeg_destroy_decompress(&jpeg); }
};

// The eighths at which its sides are at least twice those of the result.
unsigned ScaleOf(std::uint32_t longer, std::uint32_t side) {
  for (const unsigned eighths : {1u, 2u, 4u}) {
    if (std::uint64_t{longer} * eighths / 8 >= std::uint64_t{side} * 2) return eighths;
  }
  return 8;
}

Image DecodeJpeg(std::string_view file, std::uint32_t side) {
  JpegReader reader;
  jpeg_decompress_struct& jpeg = reader.jpeg;
  ::jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(file.data()),
                 static_cast<unsigned long>(file.size()));
  ::jpeg_read_header(&jpeg, TRUE);
  CheckSize(jpeg.image_width, jpeg.image_height);
  jpeg.out_color_space = JCS_RGB;
  jpeg.dct_method = JDCT_ISLOW;  // the same on every processor
  jpeg.scale_num = ScaleOf(std::max(jpeg.image_width, jpeg.image_height), side);
  jpeg.scale_denom = 8;
  ::jpeg_start_decompress(&jpeg);
  Image image{.format = Image::Format::kJpeg,
              .width = jpeg.output_width,
              .height = jpeg.output_height,
              .samples = {},
              .file_width = jpeg.image_width,
              .file_height = jpeg.image_height};
  image.samples.resize(SamplesOf(image));
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = image.samples.data() + std::size_t{jpeg.output_scanline} * image.width * 3;
    ::jpeg_read_scanlines(&jpeg, &row, 1);
  }
  ::jpeg_finish_decompress(&jpeg);
  return image;
}

struct JpegWriter {
  jpeg_error_mgr errors;
  jpeg_compress_struct jpeg;
  unsigned char* bytes = nullptr;  // of malloc, by libjpeg
  unsigned long size = 0;

  JpegWriter() {
    jpeg.err = ThrowErrors(&errors);
    jpeg_create_compress(&jpeg);
  }
  JpegWriter(const JpegWriter&) = delete;
  ~JpegWriter() {
    ::jpeg_destroy_compress(&jpeg);
    std::free(bytes);
  }
};

std::string EncodeJpeg(const Image& image) {
  JpegWriter writer;
  jpeg_compress_struct& jpeg = writer.jpeg;
  ::jpeg_mem_dest(&jpeg, &writer.bytes, &writer.size);
  jpeg.image_width = image.width;
  jpeg.image_height = image.height;
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  ::jpeg_set_defaults(&jpeg);
  jpeg.dct_method = JDCT_ISLOW;
  ::jpeg_set_quality(&jpeg, kJpegQuality, TRUE);
  ::jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    auto* row = const_cast<JSAMPROW>(image.samples.data() +
                                     std::size_t{jpeg.next_scanline} * image.width * 3);
    ::jpeg_write_scanlines(&jpeg, &row, 1);
  }
  ::jpeg_finish_compress(&jpeg);
  return {reinterpret_cast<const char*>(writer.bytes), writer.size};
}

// --- PNG ----------------------------------------------------------------------------------------

struct PngImage : png_image {
  PngImage() : png_image{} { version = PNG_IMAGE_VERSION; }
  PngImage(const PngImage&) = delete;
  ~PngImage() { ::png_image_free(this); }

  // What it warns of, a wrong checksum of something it can do without, is no damage to see.
  void Check() const {
    if (PNG_IMAGE_FAILED(*this)) throw std::runtime_error(message);
  }
};

Image DecodePng(std::string_view file) {
  PngImage png;
  ::png_image_begin_read_from_memory(&png, file.data(), file.size());
  png.Check();
  CheckSize(png.width, png.height);
  const bool opaque = (png.format & PNG_FORMAT_FLAG_ALPHA) == 0;
  png.format = opaque ? PNG_FORMAT_RGB : PNG_FORMAT_RGBA;
  Image image{.format = Image::Format::kPng,
              .width = png.width,
              .height = png.height,
              .channels = opaque ? 3u : 4u,
              .samples = {},
              .file_width = png.width,
              .file_height = png.height};
  image.samples.resize(SamplesOf(image));
  ::png_image_finish_read(&png, nullptr, image.samples.data(), 0, nullptr);
  png.Check();
  return image;
}

std::string EncodePng(const Image& image) {
  PngImage png;
  png.width = image.width;
  png.height = image.height;
  png.format = image.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_RGBA;
  png_alloc_size_t bytes = 0;
  ::png_image_write_to_memory(&png, nullptr, &bytes, 0, image.samples.data(), 0, nullptr);
  png.Check();
  std::string file(bytes, '\0');
  ::png_image_write_to_memory(&png, file.data(), &bytes, 0, image.samples.data(), 0, nullptr);
  png.Check();
  file.resize(bytes);
  return file;
}

// --- scaling ------------------------------------------------------------------------------------

struct Box {
  std::size_t left, right, top, bottom;
};

// The mean of a box, weighted by opacity: what can't be seen has no colour to mix in.
void PutMean(const Image& image, const Box& box, std::uint8_t* out) {
  const std::size_t channels = image.channels;
  std::array<std::uint64_t, 4> sums{};
  std::uint64_t weights = 0;
  for (std::size_t y = box.top; y < box.bottom; ++y) {
    const std::uint8_t* sample = image.samples.data() + (y * image.width + box.left) * channels;
    for (std::size_t x = box.left; x < box.right; ++x, sample += channels) {
      const std::uint64_t weight = channels == 4 ? sample[3] : 1;
      for (std::size_t c = 0; c < 3; ++c) sums[c] += weight * sample[c];
      weights += weight;
    }
  }
  for (std::size_t c = 0; c < 3; ++c) {
    out[c] = static_cast<std::uint8_t>(weights == 0 ? 0 : (sums[c] + weights / 2) / weights);
  }
  const std::uint64_t pixels = (box.right - box.left) * (box.bottom - box.top);
  if (channels == 4) out[3] = static_cast<std::uint8_t>((weights + pixels / 2) / pixels);
}

// Where pixel `i` of `n` begins among `of`, which are at least as many.
std::size_t Begin(std::uint64_t i, std::uint64_t n, std::uint64_t of) { return i * of / n; }

}  // namespace

Image DecodeImage(std::string_view file, std::uint32_t side) {
  if (file.starts_with("\xff\xd8")) return DecodeJpeg(file, side);
  if (file.starts_with("\x89PNG")) return DecodePng(file);
  throw std::runtime_error("it is neither a JPEG nor a PNG image");
}

Image FitInto(Image image, std::uint32_t side) {
  if (std::max(image.width, image.height) <= side) return image;
  Image small{.format = image.format,
              .width = side,
              .height = side,
              .channels = image.channels,
              .samples = {},
              .file_width = image.file_width,
              .file_height = image.file_height};
  // Of the file's sides, which an image at a smaller scale has rounded.
  if (image.file_width >= image.file_height) {
    small.height = std::min(Shortened(image.file_height, image.file_width, side), image.height);
  } else {
    small.width = std::min(Shortened(image.file_width, image.file_height, side), image.width);
  }
  small.samples.resize(SamplesOf(small));
  std::uint8_t* out = small.samples.data();
  for (std::uint32_t y = 0; y < small.height; ++y) {
    for (std::uint32_t x = 0; x < small.width; ++x, out += small.channels) {
      PutMean(image,
              {Begin(x, small.width, image.width), Begin(x + 1, small.width, image.width),
               Begin(y, small.height, image.height), Begin(y + 1, small.height, image.height)},
              out);
    }
  }
  return small;
}

std::string EncodeImage(const Image& image) {
  return image.format == Image::Format::kJpeg ? EncodeJpeg(image) : EncodePng(image);
}

}  // namespace gristmill::jobs
