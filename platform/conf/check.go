package conf

import (
	"fmt"
	"reflect"
)

// checker is a part of the configuration that knows which of its values are impossible.
type checker interface{ Check() error }

// At says that err concerns a key below the struct whose Check returns it: "ring", or "rules[3].severity".
// Several may be joined by errors.Join.
func At(path string, err error) error { return &atError{path, err} }

type atError struct {
	path string
	err  error
}

func (e *atError) Error() string { return e.path + ": " + e.err.Error() }
func (e *atError) Unwrap() error { return e.err }

// check asks v and everything inside it.
func (l *loader) check(path string, v reflect.Value) {
	l.ask(path, v)
	if isScalar(v) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			l.check(path, v.Elem())
		}
	case reflect.Struct:
		for _, f := range fields(v.Type()) {
			l.check(join(path, f.name), v.Field(f.index))
		}
	case reflect.Slice:
		for i := range v.Len() {
			l.check(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case reflect.Map:
		for _, name := range sortedKeys(v) {
			e := reflect.New(v.Type().Elem()).Elem() // so that pointer methods are found
			e.Set(v.MapIndex(name))
			l.check(join(path, name.String()), e)
		}
	}
}

func (l *loader) ask(path string, v reflect.Value) {
	if !v.CanAddr() || v.Kind() == reflect.Pointer {
		return
	}
	if c, ok := v.Addr().Interface().(checker); ok {
		l.failed(path, c.Check())
	}
}

// failed records what a Check returned, splitting joined errors and following [At].
func (l *loader) failed(path string, err error) {
	switch e := err.(type) {
	case nil:
	case *atError:
		l.failed(join(path, e.path), e.err)
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			l.failed(path, one)
		}
	default:
		l.problem(path, 0, err)
	}
}
