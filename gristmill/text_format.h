// Keys and values as text: integers in decimal, floats in the shortest form that reads back the
// same, strings as they are, booleans true or false, the parts of compounds joined by commas.
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <tuple>

#include "gristmill/types.h"

namespace gristmill {

template <Encodable T>
void AppendText(std::string* out, View<T> value) {
  if constexpr (internal::String<T>) {
    out->append(value);
  } else if constexpr (std::same_as<T, bool>) {
    out->append(value ? "true" : "false");
  } else if constexpr (internal::Scalar<T>) {
    char text[32];  // the longest double has 24 characters
    const auto result = std::to_chars(text, text + sizeof(text), value);
    out->append(text, static_cast<std::size_t>(result.ptr - text));
  } else if constexpr (internal::Vector<T>) {
    bool first = true;
    for (const typename T::value_type& element : value) {
      if (!first) out->push_back(',');
      first = false;
      AppendText<typename T::value_type>(out, element);
    }
  } else if constexpr (internal::Tuple<T>) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((out->append(I == 0 ? 0 : 1, ','),
        AppendText<std::tuple_element_t<I, T>>(out, std::get<I>(value))),
       ...);
    }
    (std::make_index_sequence<std::tuple_size_v<T>>());
  }
}

}  // namespace gristmill
