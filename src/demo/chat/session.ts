/**
 * Who sits in front of this tab. The name lasts as long as the tab.
 */
const KEY = "parley.name";

export const rememberedName = (): string => sessionStorage.getItem(KEY) ?? "";
export const rememberName = (name: string): void => sessionStorage.setItem(KEY, name);
export const forgetName = (): void => sessionStorage.removeItem(KEY);
