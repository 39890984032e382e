import { SeededRandom } from '../behaviour/random.js';
import { Registry } from './registry.js';
import { World } from './world.js';

it('makes keys that strict base64 decoders refuse, as real ones are', () => {
  const registry = new Registry(new World(), new SeededRandom(3));
  for (let i = 0; i < 50; i++) {
    const { encodingAesKey, aesKey } = registry.addPlatform({});
    expect(encodingAesKey).toMatch(/^[A-Za-z0-9]{43}$/);
    expect(aesKey.toString('base64')).not.toBe(`${encodingAesKey}=`);
    expect(aesKey).toHaveLength(32);
  }
});
