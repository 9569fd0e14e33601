package static_test

import (
	"bytes"
	"compress/gzip"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func stylesheet(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("app.css")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// layer is the text of one layer of the stylesheet; rest is everything else.
func layer(t *testing.T, css, name string) (inside, rest string) {
	t.Helper()
	start := strings.Index(css, "@layer "+name+" {")
	if start < 0 {
		t.Fatalf("no layer %s", name)
	}
	depth := 0
	for i := start; i < len(css); i++ {
		switch css[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return css[start : i+1], css[:start] + css[i+1:]
			}
		}
	}
	t.Fatalf("the layer %s does not end", name)
	return "", ""
}

// luminance is WCAG's, of a colour in oklch. Colours outside of sRGB are clipped, as browsers do.
func luminance(l, c, h float64) float64 {
	a, b := c*math.Cos(h*math.Pi/180), c*math.Sin(h*math.Pi/180)
	cube := func(x float64) float64 { return x * x * x }
	long := cube(l + 0.3963377774*a + 0.2158037573*b)
	medium := cube(l - 0.1055613458*a - 0.0638541728*b)
	short := cube(l - 0.0894841775*a - 1.2914855480*b)
	// To eight bits and back, as the screen shows it.
	seen := func(linear float64) float64 {
		linear = min(max(linear, 0), 1)
		encoded := 12.92 * linear
		if linear > 0.0031308 {
			encoded = 1.055*math.Pow(linear, 1/2.4) - 0.055
		}
		if encoded = math.Round(encoded*255) / 255; encoded <= 0.04045 {
			return encoded / 12.92
		}
		return math.Pow((encoded+0.055)/1.055, 2.4)
	}
	return 0.2126*seen(4.0767416621*long-3.3077115913*medium+0.2309699292*short) +
		0.7152*seen(-1.2684380046*long+2.6097574011*medium-0.3413193965*short) +
		0.0722*seen(-0.0041960863*long-0.7034186147*medium+1.7076147010*short)
}

// colours are the tokens' luminances, light and dark.
func colours(t *testing.T) map[string][2]float64 {
	t.Helper()
	tokens, _ := layer(t, stylesheet(t), "tokens")
	pattern := regexp.MustCompile(`--([a-z0-9-]+): light-dark\(oklch\(([0-9. ]+)\), oklch\(([0-9. ]+)\)\);`)
	all := map[string][2]float64{}
	for _, m := range pattern.FindAllStringSubmatch(tokens, -1) {
		var both [2]float64
		for i, text := range m[2:] {
			var lch [3]float64
			for j, number := range strings.Fields(text) {
				value, err := strconv.ParseFloat(number, 64)
				if err != nil {
					t.Fatalf("--%s: %v", m[1], err)
				}
				lch[j] = value
			}
			both[i] = luminance(lch[0], lch[1], lch[2])
		}
		all[m[1]] = both
	}
	if len(all) < 27 {
		t.Fatalf("found only %d colours", len(all))
	}
	return all
}

func contrast(a, b float64) float64 { return (max(a, b) + 0.05) / (min(a, b) + 0.05) }

func TestContrastIsEnoughOnEverySurface(t *testing.T) {
	all := colours(t)
	const text, shape = 4.5, 3.0 // WCAG 1.4.3, 1.4.11
	grounds := "canvas surface fill fill-2"
	soft := "accent-soft ok-soft warn-soft bad-soft"
	for _, pair := range []struct {
		ink, on string
		least   float64
	}{
		{"ink", grounds + " " + soft, text},
		{"ink-2", grounds + " " + soft, text},
		{"ink-3", grounds + " " + soft, text},
		{"accent", "canvas surface fill " + soft, text},
		{"on-accent", "accent-fill accent-fill-hover", text},
		{"ok", "canvas surface ok-soft", text},
		{"warn", "canvas surface warn-soft", text},
		{"bad", "canvas surface bad-soft", text},
		{"on-bad", "bad-fill", text},
		{"field-line", "canvas surface", shape},
		{"focus", grounds + " " + soft, shape},
		{"accent-fill", "canvas surface accent-soft", shape}, // ticks and chosen radio buttons
	} {
		for on := range strings.FieldsSeq(pair.on) {
			for i, scheme := range []string{"light", "dark"} {
				ink, known := all[pair.ink]
				ground, knownToo := all[on]
				if !known || !knownToo {
					t.Fatalf("no token --%s or --%s", pair.ink, on)
				}
				if got := contrast(ink[i], ground[i]); got < pair.least {
					t.Errorf("%s: --%s on --%s is %.2f, want %.1f", scheme, pair.ink, on, got, pair.least)
				}
			}
		}
	}
}

// The figures that the design was decided with: a change of a token is a change of these.
func TestContrastIsTheOneOfTheDesign(t *testing.T) {
	all := colours(t)
	for _, pair := range []struct {
		ink, on     string
		light, dark float64
	}{
		{"ink", "surface", 16.6, 15.0}, {"ink-2", "surface", 8.8, 9.5}, {"ink-3", "surface", 5.8, 6.6},
		{"accent", "surface", 7.25, 9.69}, {"on-accent", "accent-fill", 7.25, 7.93}, {"on-accent", "accent-fill-hover", 9.4, 9.8},
		{"field-line", "surface", 3.35, 3.57}, {"field-line", "canvas", 3.04, 3.86},
		{"focus", "surface", 4.52, 9.09}, {"focus", "canvas", 4.1, 9.8},
		{"ok", "ok-soft", 6.93, 8.08}, {"warn", "warn-soft", 6.72, 8.32}, {"bad", "bad-soft", 6.65, 7.35}, {"bad", "surface", 7.37, 8.74},
		{"on-bad", "bad-fill", 6.25, 8.26},
	} {
		for i, want := range []float64{pair.light, pair.dark} {
			if got := contrast(all[pair.ink][i], all[pair.on][i]); math.Abs(got-want) > 0.1 {
				t.Errorf("%s: --%s on --%s is %.2f, the design says %.2f", []string{"light", "dark"}[i], pair.ink, pair.on, got, want)
			}
		}
	}
}

func TestTheStylesheetStaysSmall(t *testing.T) {
	css := stylesheet(t)
	if lines := strings.Count(css, "\n"); lines >= 400 {
		t.Errorf("app.css has %d lines, want fewer than 400", lines)
	}
	var zipped bytes.Buffer
	w, _ := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	_, _ = w.Write([]byte(css))
	_ = w.Close()
	if zipped.Len() > 10<<10 {
		t.Errorf("app.css is %d bytes zipped, at most %d are allowed", zipped.Len(), 10<<10)
	}
}

func TestColoursComeFromTokensOnly(t *testing.T) {
	_, rest := layer(t, regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(stylesheet(t), ""), "tokens")
	raw := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch|light-dark|color)\(|[: ](?:white|black|red|green|blue|gray|grey|yellow|orange)[ ;}]`)
	for _, found := range raw.FindAllString(rest, -1) {
		t.Errorf("a colour outside of the tokens: %q", found)
	}
	for _, name := range regexp.MustCompile(`var\((--[a-z0-9-]+)`).FindAllStringSubmatch(stylesheet(t), -1) {
		if !strings.Contains(stylesheet(t), name[1]+":") {
			t.Errorf("%s is used and nowhere set", name[1])
		}
	}
}

func TestNothingIsImportantButHiddenAndStill(t *testing.T) {
	for line := range strings.Lines(stylesheet(t)) {
		if strings.Contains(line, "!important") && !strings.Contains(line, "[hidden]") && !strings.Contains(line, "prefers-reduced-motion") {
			t.Errorf("!important in %s", strings.TrimSpace(line))
		}
	}
}
