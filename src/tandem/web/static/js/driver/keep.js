// What the phone keeps: who it is, the day as last seen, what is still to be told, positions still to
// be sent, and what was refused. IndexedDB outlives a closed page, an empty battery and a tunnel.
const NAME = 'tandem-driver';
const STORES = { kept: undefined, queue: 'id', pings: 'id', troubles: 'id' };

let opened;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      for (const [name, key] of Object.entries(STORES)) {
        asked.result.createObjectStore(name, key ? { keyPath: key, autoIncrement: true } : undefined);
      }
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  return opened;
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Resolves once it lies on the disk, not before. */
async function write(store, act) {
  const database = await open();
  const transaction = database.transaction(store, 'readwrite', { durability: 'strict' });
  const result = done(act(transaction.objectStore(store)));
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
  return result;
}

async function read(store, act) {
  const database = await open();
  return done(act(database.transaction(store).objectStore(store)));
}

export const get = (key) => read('kept', (store) => store.get(key));
export const set = (key, value) => write('kept', (store) => store.put(value, key));
export const forget = (key) => write('kept', (store) => store.delete(key));
export const add = (store, entry) => write(store, (held) => held.add(entry));
export const list = (store, count) => read(store, (held) => held.getAll(null, count));
export const count = (store) => read(store, (held) => held.count());
export const clear = (store) => write(store, (held) => held.clear());

export async function remove(store, ids) {
  for (const id of ids) await write(store, (held) => held.delete(id));
}

/** Everything up to this key, in one go. */
export const removeUpTo = (store, id) => write(store, (held) => held.delete(IDBKeyRange.upperBound(id)));
