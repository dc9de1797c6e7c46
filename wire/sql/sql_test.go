package sql

import (
	"strings"
	"testing"
)

func TestMask(t *testing.T) {
	tests := []struct {
		name    string
		d       Dialect
		in, out string
	}{
		{"strings and numbers are values", Standard, "SELECT * FROM p2 WHERE name = 'O''Neil' AND id=4711", "SELECT * FROM p2 WHERE name = ? AND id=?"},
		{"identifiers stay", Standard, `select "Name" from "t 1" where t1.x_9 > -1.5e-3`, `select "Name" from "t 1" where t1.x_9 > -?`},
		{"comments go", Standard, "select 1 -- DURAND\n/* PAUL */ from t", "select ? from t"},
		{"strings of PostgreSQL", Standard, `select E'a\'b', $$DURAND$$, $q$PAUL$q$, $1`, "select ?, ?, ?, $1"},
		{"a string in double quotes is a value of MySQL", MySQL, "select `n` from t where a=\"DURAND\" and b='a\\'b' # c", "select `n` from t where a=? and b=?"},
		{"what MySQL carries out of a comment stays", MySQL, "/*!40101 SET NAMES 'x' */;/*M!100100 select 1*/ /* c */", "SET NAMES ? ; select ?"},
		{"strings with a letter before them", TSQL, "exec sp_x @p=N'DURAND', [my id]=0x4F", "exec sp_x @p=?, [my id]=?"},
		{"a string without its end goes on to the end", Standard, "select 'DURAND from t", "select ?"},
		{"blanks are one", Standard, "  select\n\t a ", "select a"},
	}
	for _, tt := range tests {
		if got := string(Mask(nil, []byte(tt.in), tt.d)); got != tt.out {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.out)
		}
	}
}

func FuzzMask(f *testing.F) {
	f.Add("SELECT E'a\\'b', $q$x$q$, 'it''s', 1.5e-3 -- c\n/* d */ from \"t\"")
	f.Fuzz(func(t *testing.T, q string) {
		for _, d := range [...]Dialect{Standard, MySQL, TSQL} {
			got := string(Mask([]byte("before"), []byte(q), d))
			if !strings.HasPrefix(got, "before") || len(got) > len("before")+Max {
				t.Errorf("got %q of %q", got, q)
			}
			if strings.Contains(q, "'4711'") && strings.Count(q, "'") == 2 && !strings.ContainsAny(q, "\"`[-#/$\\") && strings.Contains(got, "4711") {
				t.Errorf("a value is told: %q", got)
			}
		}
	})
}

func TestMaskingDoesNotAllocate(t *testing.T) {
	q := []byte("SELECT * FROM p WHERE name = 'O''Neil' AND id=4711 /* x */")
	dst := make([]byte, 0, Max)
	if got := testing.AllocsPerRun(100, func() { Mask(dst, q, Standard) }); got != 0 {
		t.Errorf("a statement costs %v allocations, want 0", got)
	}
}
