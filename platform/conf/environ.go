package conf

import (
	"errors"
	"reflect"
	"slices"
	"strings"
)

// Prefix begins the name of every variable that overrides a key.
const Prefix = "BULWARK_"

// Variable is the environment variable that overrides a key: sensor.ring_bytes is BULWARK_SENSOR_RING_BYTES.
func Variable(path string) string {
	return Prefix + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(path))
}

// reserved are the variables with the prefix that are read elsewhere: where the data directory is must be known before
// the configuration is read, and where the test data is concerns tests alone.
func reserved(name string) bool { return name == Prefix+"DATA_DIR" || name == Prefix+"DATA" }

// override lays the variables over the struct. A variable with the prefix that names no key is a problem,
// since a mistyped one would otherwise leave a protection off without a word.
func (l *loader) override(environ []string, root reflect.Value) {
	var known map[string]key
	for _, e := range slices.Sorted(slices.Values(environ)) {
		name, text, ok := strings.Cut(e, "=")
		if !ok || !strings.HasPrefix(name, Prefix) || reserved(name) {
			continue
		}
		if known == nil {
			known = keys("", root, map[string]key{})
		}
		l.variable = name
		if k, ok := known[name]; ok {
			l.variables[k.path] = name
			l.overrideKey(k, text)
		} else {
			l.problem("", 0, errors.New("no key has this variable"))
		}
	}
	l.variable = ""
}

// key is a place in the configuration that a variable can set.
type key struct {
	path  string
	value reflect.Value
}

// keys collects the keys that exist without a file, by variable: all but those inside lists and maps.
func keys(path string, v reflect.Value, known map[string]key) map[string]key {
	for _, f := range fields(v.Type()) {
		at, e := join(path, f.name), v.Field(f.index)
		if e.Kind() == reflect.Struct && asText(e) == nil {
			keys(at, e, known)
			continue
		}
		known[Variable(at)] = key{path: at, value: e}
	}
	return known
}

// overrideKey sets one key. A list of plain values may be written with commas; anything deeper is YAML.
func (l *loader) overrideKey(k key, text string) {
	v := k.value
	switch {
	case isScalar(v):
		if err := setText(text, v); err != nil {
			l.problem(k.path, 0, err)
		}
	case v.Kind() == reflect.Slice && !strings.HasPrefix(strings.TrimSpace(text), "[") && isScalar(reflect.New(v.Type().Elem()).Elem()):
		l.commas(k, text)
	default:
		if n := l.parse([]byte(text)); n != nil {
			l.value(k.path, n, v)
		}
	}
}

func (l *loader) commas(k key, text string) {
	all := reflect.MakeSlice(k.value.Type(), 0, 4)
	for part := range strings.SplitSeq(text, ",") {
		e := reflect.New(all.Type().Elem()).Elem()
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		if err := setText(part, e); err != nil {
			l.problem(k.path, 0, err)
		}
		all = reflect.Append(all, e)
	}
	k.value.Set(all)
}
