export const arrows: Record<string, string[]>;
export const rooms: Record<string, Record<string, string[]>>;
