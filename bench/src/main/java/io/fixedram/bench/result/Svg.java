// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import java.util.List;
import java.util.Locale;

/**
 * A drawing of lines, boxes and text (SVG 1.1), with coordinates in pixels from the upper left
 * corner.
 */
final class Svg {
  private final StringBuilder shapes = new StringBuilder();

  /** A corner of a polyline. */
  record Corner(double x, double y) {}

  /** The part of a text that is placed at its coordinates. */
  enum Anchor {
    START,
    MIDDLE,
    END
  }

  void box(double x, double y, double width, double height, String color) {
    shapes.append(
        String.format(
            Locale.ROOT,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>%n",
            x,
            y,
            width,
            height,
            color));
  }

  void line(double x1, double y1, double x2, double y2, String color) {
    shapes.append(
        String.format(
            Locale.ROOT,
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>%n",
            x1,
            y1,
            x2,
            y2,
            color));
  }

  void polyline(List<Corner> corners, String color) {
    StringBuilder points = new StringBuilder();
    corners.forEach(
        corner -> points.append(String.format(Locale.ROOT, "%.1f,%.1f ", corner.x(), corner.y())));
    shapes.append(
        String.format(
            Locale.ROOT,
            "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>%n",
            points.toString().strip(),
            color));
  }

  void text(double x, double y, Anchor anchor, boolean bold, String text) {
    shapes.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>%s</text>%n",
            x,
            y,
            anchor.name().toLowerCase(Locale.ROOT),
            bold ? " font-weight=\"bold\"" : "",
            escaped(text)));
  }

  /** The whole file. */
  String document(int width, int height) {
    return String.format(
            Locale.ROOT,
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" \
            font-family="sans-serif" font-size="12">
            """,
            width,
            height,
            width,
            height)
        + "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        + shapes
        + "</svg>\n";
  }

  /** Escapes text for XML; control characters, which XML can't represent, become spaces. */
  private static String escaped(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .forEach(c -> {
          switch (c) {
            case '&' -> out.append("&amp;");
            case '<' -> out.append("&lt;");
            case '>' -> out.append("&gt;");
            default -> out.appendCodePoint(Character.isISOControl(c) ? ' ' : c);
          }
        });
    return out.toString();
  }
}
