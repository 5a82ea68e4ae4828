/**
 * One value for each object, made when it is first asked for and gone with the object: what belongs to a client without
 * every client carrying it.
 */
export function onePer<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new WeakMap<Key, Value>();
  return (key) => {
    let value = made.get(key);
    if (!value) made.set(key, value = make(key));
    return value;
  };
}
