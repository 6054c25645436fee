package report

import (
	"cmp"
	"iter"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A declaration is what a counter's tags say about it.
type declaration struct {
	name    string // its name in every output
	metric  string // its name in the metrics, most often the same
	element string // the part of name that stands for an element, such as "refused" in failed_refused; name for plain counters
	unit    string // what is counted, such as packets
	help    string // what the number means, in a sentence
	label   string // the family of metrics that it is a part of, of targets only
	line    string // "yes": in every line unless zero, "always": in every line, "no": in none, "": in a group's line when it is trouble
	gauge   bool   // the number may fall
	passing bool   // it says nothing once the command has ended
	trouble bool   // an operator wants to know at once
	view    bool   // a terminal's view shows it in any case
}

// A field is a declared field of a Stats type.
type field struct {
	index        []int         // for reflect.Value.FieldByIndex
	declarations []declaration // one, or one for each element of an array
}

// A registry reads the declarations of each type once. The zero value is ready;
// any goroutine may use it.
type registry struct {
	mu    sync.Mutex
	types map[reflect.Type][]field
}

// counters yields the declared numbers of a struct, or of the one that stats
// points to, in the order of its fields.
func (r *registry) counters(stats any) iter.Seq2[*declaration, uint64] {
	v := reflect.Indirect(reflect.ValueOf(stats))
	fields := r.fields(v.Type())
	return func(yield func(*declaration, uint64) bool) {
		for _, f := range fields {
			if !f.each(v.FieldByIndex(f.index), yield) {
				return
			}
		}
	}
}

// declarations yields what the fields of a struct type declare.
func (r *registry) declarations(t reflect.Type) iter.Seq[*declaration] {
	return func(yield func(*declaration) bool) {
		for _, f := range r.fields(t) {
			for i := range f.declarations {
				if !yield(&f.declarations[i]) {
					return
				}
			}
		}
	}
}

// fields returns the declared fields of a struct type, embedded ones included.
func (r *registry) fields(t reflect.Type) []field {
	r.mu.Lock()
	defer r.mu.Unlock()
	fields, known := r.types[t]
	if known {
		return fields
	}
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() && f.Tag.Get("name") != "" && countable(f.Type) {
			fields = append(fields, field{f.Index, readTags(f)})
		}
	}
	if r.types == nil {
		r.types = map[reflect.Type][]field{}
	}
	r.types[t] = fields
	return fields
}

// countable reports whether a field of a type can be shown.
func countable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return t.Implements(reflect.TypeFor[named]()) && isNumber(t.Elem())
	case reflect.Map:
		return reflect.Zero(t.Key()).CanInt() && isNumber(t.Elem())
	}
	return isNumber(t) || t.Kind() == reflect.Bool
}

func isNumber(t reflect.Type) bool { return reflect.Zero(t).CanInt() || reflect.Zero(t).CanUint() }

// A named array of counters names its elements.
type named interface{ Names() []string }

// each yields the numbers of one field and reports whether yield wants more.
func (f *field) each(v reflect.Value, yield func(*declaration, uint64) bool) bool {
	switch v.Kind() {
	case reflect.Array:
		for i := range f.declarations {
			if !yield(&f.declarations[i], number(v.Index(i))) {
				return false
			}
		}
		return true
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.Int(), b.Int()) })
		for _, key := range keys {
			if !yield(f.declarations[0].of(strconv.FormatInt(key.Int(), 10)), number(v.MapIndex(key))) {
				return false
			}
		}
		return true
	}
	return yield(&f.declarations[0], number(v))
}

// number is what a field counts, or 1 and 0 for true and false.
func number(v reflect.Value) uint64 {
	switch {
	case v.CanUint():
		return v.Uint()
	case v.CanInt():
		return uint64(max(v.Int(), 0))
	case v.Kind() == reflect.Bool && v.Bool():
		return 1
	}
	return 0
}

// readTags reads the tags of a field: one declaration, or one for each element
// of an array.
func readTags(f reflect.StructField) []declaration {
	d := declaration{
		name: f.Tag.Get("name"), metric: f.Tag.Get("metric"), unit: f.Tag.Get("unit"), help: f.Tag.Get("help"),
		label: f.Tag.Get("label"), line: f.Tag.Get("line"),
		gauge: f.Tag.Get("kind") == "gauge", trouble: f.Tag.Get("trouble") == "yes",
		passing: f.Tag.Get("final") == "no", view: f.Tag.Get("view") == "yes",
	}
	if d.metric == "" {
		d.metric = d.name
	}
	d.element = d.name
	if f.Type.Kind() != reflect.Array {
		return []declaration{d}
	}
	array := reflect.Zero(f.Type).Interface().(named)
	names := array.Names()
	var all []declaration
	for i, name := range names[:min(len(names), f.Type.Len())] {
		e := d.of(name)
		if h, ok := array.(interface{ Help(i int) string }); ok {
			e.help = h.Help(i)
		}
		if t, ok := array.(interface{ Trouble(i int) bool }); ok {
			e.trouble = t.Trouble(i)
		}
		all = append(all, *e)
	}
	return all
}

// of returns the declaration of an element of the array or map that d declares:
// the element takes the place of the verb in the names.
func (d *declaration) of(element string) *declaration {
	e := *d
	e.name, e.metric, e.element = strings.Replace(d.name, verb, element, 1), strings.Replace(d.metric, verb, element, 1), element
	return &e
}

// verb stands for the element in the name of an array or a map.
const verb = "%s"
