package rule

import "strings"

var modbusCategories = map[string]bool{"assigned": true, "unassigned": true, "public": true, "user": true, "reserved": true, "all": true}

var modbusTables = map[string]bool{"discretes": true, "coils": true, "input": true, "holding": true}

// modbus reads [unit N,] function ... or access ...: words are the parts by name (unit, function, subfunction, category,
// access, table, address, value), each followed by what it is; numbers stand in the order of the words that have one.
func (b *builder) modbus(v value) error {
	w, _, err := v.unquoted()
	if err != nil {
		return err
	}
	o := &Own{Text: w.text}
	for _, p := range w.split(',', -1) {
		words := p.words()
		if len(words) < 2 {
			return faultf(p.at, "modbus: a name and a value are wanted, not %q", cutWord(p.text))
		}
		if err := b.modbusPart(o, words[0], p.skip(len(words[0].text)), words[1:]); err != nil {
			return err
		}
	}
	return b.ask("modbus", o)
}

func (b *builder) modbusPart(o *Own, name, rest value, words []value) error {
	switch name.text {
	case "unit", "address", "value", "subfunction":
		n, err := b.number(value{text: strings.ReplaceAll(rest.text, " ", ""), at: rest.at}, 16, nil)
		if err != nil {
			return err
		}
		o.Words, o.Numbers = append(o.Words, name.text), append(o.Numbers, n)
		return nil
	case "function":
		return b.modbusFunction(o, rest)
	case "access":
		return b.modbusAccess(o, words)
	}
	return faultf(name.at, "modbus knows no %q", cutWord(name.text))
}

func (b *builder) modbusFunction(o *Own, v value) error {
	category := strings.TrimSpace(strings.TrimPrefix(v.text, "!"))
	if modbusCategories[category] {
		o.Words, o.Not = append(o.Words, "category", category), strings.HasPrefix(v.text, "!")
		return nil
	}
	n, err := b.number(v, 8, nil)
	if err != nil {
		return err
	}
	o.Words, o.Numbers = append(o.Words, "function"), append(o.Numbers, n)
	return nil
}

func (b *builder) modbusAccess(o *Own, words []value) error {
	if words[0].text != "read" && words[0].text != "write" {
		return faultf(words[0].at, "modbus: access is read or write, not %q", cutWord(words[0].text))
	}
	o.Words = append(o.Words, "access", words[0].text)
	if len(words) == 1 {
		return nil
	}
	if len(words) > 2 || !modbusTables[words[1].text] {
		return faultf(words[1].at, "modbus has no table %q (discretes, coils, input, holding)", cutWord(words[1].text))
	}
	if words[0].text == "write" && (words[1].text == "discretes" || words[1].text == "input") {
		return faultf(words[1].at, "modbus: %s cannot be written", words[1].text)
	}
	o.Words = append(o.Words, "table", words[1].text)
	return nil
}
